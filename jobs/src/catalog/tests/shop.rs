//! A company that imports, and workers that can be made to die.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::catalog::import::{
    self, FilePlace, FileQuota, Import, ImportId, Kind, NewImport, Options, Severity, State,
};
use platform::blobs::Blobs;
use platform::crypto::Keyring;
use platform::db::{Db, DbConfig, Scope, Tx};
use platform::ids::{CompanyId, Uuid};
use platform::queue::Completions;
use platform::queue::runner::{Ran, Runner};
use platform::queue::{Claim, claim, liveness, rescue};
use providers::Providers;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgConnection;
use sqlx::postgres::PgListener;
use testing::{Drain, TestDb};
use tokio_util::sync::CancellationToken;

use crate::catalog::{ImportFile, RevertImport, SweepFiles};
use crate::schedule::EnqueueForEach;
use crate::{Services, company_job, platform_job};

pub(super) struct Shop {
    pub(super) db: Arc<TestDb>,
    pub(super) services: Arc<Services>,
    pub(super) company: CompanyId,
    blobs: Arc<Folder>,
}

impl Shop {
    pub(super) async fn open() -> Self {
        let db = TestDb::new().await;
        sqlx::query!("update plans set products = null, import_rows_per_month = null")
            .execute(&mut db.owner().await)
            .await
            .unwrap();
        let blobs = std::env::temp_dir().join(format!("vigie-test-{}", Uuid::new_v4()));
        let key = SecretString::from("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        let services = Arc::new(Services {
            db: db.db.clone(),
            providers: Providers::sandbox("http://127.0.0.1:1").unwrap(),
            blobs: Blobs::open_folder(blobs.clone()).unwrap(),
            keyring: Keyring::parse(&key).unwrap(),
            public_url: "http://127.0.0.1:1".into(),
            console_url: "http://127.0.0.1:1".into(),
        });
        let blobs = Arc::new(Folder(blobs));
        let mut shop = Self {
            db: Arc::new(db),
            services,
            company: CompanyId::new(),
            blobs,
        };
        shop.company = shop.another_company().await;
        shop
    }

    /// One more company in the same database, in pounds and London's time.
    pub(super) async fn another_company(&self) -> CompanyId {
        let company = CompanyId::new();
        sqlx::query!(
            "insert into companies (id, name, currency, timezone, created_by, created_at,
               updated_at)
             values ($1, 'Shop', 'GBP', 'Europe/London', $1, engine_now(), engine_now())",
            company.0,
        )
        .execute(&mut self.db.owner().await)
        .await
        .unwrap();
        company
    }

    /// The same database and files for another company.
    pub(super) fn for_company(&self, company: CompanyId) -> Self {
        let (db, services, blobs) = (self.db.clone(), self.services.clone(), self.blobs.clone());
        Self {
            db,
            services,
            company,
            blobs,
        }
    }

    pub(super) async fn begin(&self) -> Tx {
        self.db
            .db
            .begin(Scope::company(self.company))
            .await
            .unwrap()
    }

    /// Cancels an import; its job still has to run.
    pub(super) async fn cancel(&self, id: ImportId) {
        let mut tx = self.begin().await;
        let now = platform::db::load_now(&mut tx).await.unwrap();
        import::cancel_import(&mut tx, self.company, id, now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Uploads a file; nothing runs yet.
    pub(super) async fn upload(&self, kind: Kind, options: &str, file: &[u8]) -> ImportId {
        let id = ImportId::new();
        let blob_key = format!("{}/imports/{id}", self.company);
        let stored = self
            .services
            .blobs
            .store_bytes(&blob_key, file.to_vec().into())
            .await
            .unwrap();
        let new = NewImport {
            id,
            kind,
            file_name: "file.csv".into(),
            blob_key,
            file_bytes: stored.len,
            file_sha256: stored.sha256,
            options: serde_json::from_str::<Options>(options).unwrap(),
            created_by: None,
        };
        let mut tx = self.begin().await;
        let now = platform::db::load_now(&mut tx).await.unwrap();
        let place = FilePlace {
            company: self.company,
            id,
            bytes: stored.len,
        };
        import::keep_file(&mut tx, place, &FileQuota::default(), now)
            .await
            .unwrap();
        import::create_import(&mut tx, self.company, &new, now)
            .await
            .unwrap();
        let made = tx
            .enqueue(company_job(self.company, &ImportFile { import_id: id }))
            .await
            .unwrap()
            .id();
        import::assign_job(&mut tx, self.company, id, made)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Uploads a file and runs its job, not what follows from it.
    pub(super) async fn import(&self, kind: Kind, options: &str, file: &[u8]) -> Import {
        let id = self.upload(kind, options, file).await;
        let ran = self.run(id).await;
        assert_eq!(ran.outcome.name(), "succeeded", "{:?}", ran.error);
        self.find(id).await
    }

    pub(super) async fn find(&self, id: ImportId) -> Import {
        let mut tx = self.begin().await;
        import::require_import(&mut tx, self.company, id)
            .await
            .unwrap()
    }

    pub(super) async fn errors(&self, id: ImportId) -> Vec<(i64, String, String)> {
        let mut tx = self.begin().await;
        let rejected = Some(Severity::Error);
        let rows = import::list_row_issues(&mut tx, self.company, id, rejected, 0, 1000)
            .await
            .unwrap();
        rows.into_iter()
            .flat_map(|row| row.issues.0.into_iter().map(move |issue| (row.line, issue)))
            .map(|(line, issue)| {
                let column = issue.column.unwrap_or_default();
                (line, column, issue.code.into_owned())
            })
            .collect()
    }

    /// Runs the job of an import.
    pub(super) async fn run(&self, id: ImportId) -> Ran {
        self.run_kind("catalog.import_file", id).await
    }

    async fn run_kind(&self, kind: &str, id: ImportId) -> Ran {
        let claimed = self.claim(kind, id, "alive").await;
        start_runner(self.services.clone(), self.db.db.clone())
            .run(claimed, CancellationToken::new(), &CancellationToken::new())
            .await
    }

    /// Takes an import back and returns its state then.
    pub(super) async fn revert(&self, id: ImportId) -> State {
        let ran = self.try_revert(id).await;
        assert_eq!(ran.outcome.name(), "succeeded", "{:?}", ran.error);
        self.find(id).await.state
    }

    pub(super) async fn try_revert(&self, id: ImportId) -> Ran {
        let mut tx = self.db.db.begin_engine().await.unwrap();
        let job = company_job(self.company, &RevertImport { import_id: id });
        tx.enqueue(job).await.unwrap();
        tx.commit().await.unwrap();
        self.run_kind("catalog.revert_import", id).await
    }

    /// Runs every due job.
    pub(super) async fn run_due(&self) -> Vec<Ran> {
        let registry = Arc::new(crate::build_registry());
        Drain::new(&self.db.db, registry, self.services.clone())
            .await
            .run_due()
            .await
    }

    pub(super) async fn sweep(&self) {
        let mut tx = self.db.db.begin_engine().await.unwrap();
        tx.enqueue(platform_job(&SweepFiles {})).await.unwrap();
        tx.commit().await.unwrap();
        let ran = self.run_due().await;
        let swept = ("catalog.sweep_files", "succeeded");
        assert!(
            ran.iter()
                .any(|ran| (ran.kind.as_str(), ran.outcome.name()) == swept)
        );
    }

    /// Finds imports whose job is over, and closes them.
    pub(super) async fn end_imports(&self) {
        let mut tx = self.db.db.begin_engine().await.unwrap();
        let timer = "end-imports".to_owned();
        tx.enqueue(platform_job(&EnqueueForEach { timer }))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let ran = self.run_due().await;
        assert!(ran.iter().all(|ran| ran.error.is_none()), "{ran:#?}");
    }

    /// Decides the questions of an import and runs its job.
    pub(super) async fn answer(&self, id: ImportId, options: &str) -> Import {
        let options = serde_json::from_str::<Options>(options).unwrap();
        let mut tx = self.begin().await;
        import::answer_questions(&mut tx, self.company, id, &options)
            .await
            .unwrap();
        let job = company_job(self.company, &ImportFile { import_id: id });
        let job = tx.enqueue(job).await.unwrap().id();
        import::assign_job(&mut tx, self.company, id, job)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        self.run(id).await;
        self.find(id).await
    }

    /// Empties staging, as a crash of the server does.
    pub(super) async fn lose_staging(&self) {
        sqlx::raw_sql("truncate staging.sale_lines")
            .execute(&mut self.db.owner().await)
            .await
            .unwrap();
    }

    /// Holds the company's turn, so that no import of it can succeed.
    pub(super) async fn hold_turn(&self) -> PgConnection {
        let mut owner = self.db.owner().await;
        sqlx::query!(
            "select pg_advisory_lock(hashtextextended('import ' || $1::text, 0))",
            self.company.to_string()
        )
        .execute(&mut owner)
        .await
        .unwrap();
        owner
    }

    /// Runs the job of an import in its own runtime, which dies once a commit makes `is_time`
    /// true for the import's row.
    pub(super) async fn die_when(&self, id: ImportId, is_time: &str) {
        let mut commits = PgListener::connect(self.db.url().expose_secret())
            .await
            .unwrap();
        commits.listen("import_moved").await.unwrap();
        let trigger = format!(
            "create or replace function notify_move() returns trigger language plpgsql as
               $$ begin perform pg_notify('import_moved', ''); return null; end $$;
             create or replace trigger notify_move after update on imports
               for each row when (new.{is_time}) execute function notify_move()"
        );
        let mut owner = self.db.owner().await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(trigger))
            .execute(&mut owner)
            .await
            .unwrap();
        let claimed = self.claim("catalog.import_file", id, "doomed").await;
        let doomed = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (services, url) = (self.services.clone(), self.db.url());
        doomed.spawn(async move {
            let db = Db::connect(&DbConfig::small(url)).await.unwrap();
            let services = Services {
                db: db.clone(),
                ..Services::clone(&services)
            };
            start_runner(Arc::new(services), db)
                .run(claimed, CancellationToken::new(), &CancellationToken::new())
                .await
        });
        tokio::time::timeout(Duration::from_secs(120), commits.recv())
            .await
            .expect("the import gets there")
            .unwrap();
        doomed.shutdown_background();
        sqlx::raw_sql("drop trigger notify_move on imports")
            .execute(&mut owner)
            .await
            .unwrap();
        let rescued = rescue::rescue_lost_workers(self.db.db.engine(), Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(rescued.requeued, 1, "the dead worker's job is queued again");
    }

    async fn claim(&self, kind: &str, id: ImportId, worker: &str) -> Claim {
        let pool = self.db.db.engine();
        let worker = liveness::register_worker(pool, worker).await.unwrap();
        let due = claim::list_claimable(pool, None, None, 50).await.unwrap();
        let ids: Vec<_> = due.into_iter().map(|(_, id)| id).collect();
        let mut wanted = Vec::new();
        let mut owner = self.db.owner().await;
        for job in ids {
            let args = sqlx::query_scalar!(
                r#"select b.args::text as "args!" from job_bodies b join jobs_open r on r.id = b.id
                   where b.id = $1 and r.kind = $2"#,
                job,
                kind,
            );
            let args = args.fetch_optional(&mut owner).await.unwrap();
            if args.is_some_and(|args| args.contains(&id.to_string())) {
                wanted.push(job);
            }
        }
        claim::claim_jobs(pool, worker, &wanted)
            .await
            .unwrap()
            .pop()
            .expect("the import's job is due")
    }

    /// Returns every sale line, without what differs between two imports of the same file.
    pub(super) async fn books(&self, company: CompanyId) -> Vec<String> {
        sqlx::query_scalar!(
            r#"select concat_ws('|', encode(s.import_key, 'hex'), s.day,
                 s.sold_at at time zone 'UTC', p.sku_key, c.external_ref, s.quantity, s.unit_price,
                 s.amount, s.currency, s.kind, s.status, s.netted_quantity, s.document) as "line!"
               from sales s
               join products p on p.id = s.product_id
               left join customers c on c.id = s.customer_id
               where s.company_id = $1
               order by s.import_key"#,
            company.0,
        )
        .fetch_all(&mut self.db.owner().await)
        .await
        .unwrap()
    }
}

/// Deleted with the last shop.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn start_runner(services: Arc<Services>, db: Db) -> Runner<Services> {
    let completions = Completions::start(&db);
    Runner {
        registry: Arc::new(crate::build_registry()),
        services,
        db,
        completions,
    }
}
