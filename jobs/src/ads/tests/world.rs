//! One company with one connected ad account, a sandbox, and workers that die on request.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use domain::ads::{self, AccountId, FoundAccount};
use platform::blobs::Blobs;
use platform::crypto::Keyring;
use platform::db::{Scope, Tx};
use platform::ids::{CompanyId, UserId};
use platform::queue::Completions;
use platform::queue::runner::{Ran, Runner};
use platform::queue::{Claim, claim, liveness, rescue};
use providers::Providers;
use providers::meta::{Level, ReportRequest, RunStatus};
use providers::sandbox::META_ACCESS_TOKEN;
use sandbox::{Fault, Match, Rule, Running, Sandbox};
use secrecy::SecretString;
use sqlx::PgPool;
use testing::{Drain, TestDb};
use tokio_util::sync::CancellationToken;

use crate::ads::RefreshAccount;
use crate::{Services, company_job};

const DAKAR: &str = "act_100200300400501";

pub(super) struct World {
    pub(super) db: TestDb,
    pub(super) running: Running,
    pub(super) services: Arc<Services>,
    pub(super) company: CompanyId,
    pub(super) account: AccountId,
    pub(super) drain: Drain<Services>,
}

/// Day, ad, impressions, spend.
pub(super) type PublishedRow = (NaiveDate, String, i64, String);

impl World {
    pub(super) async fn new() -> Self {
        let db = TestDb::new().await;
        let running = sandbox::start_sandbox(Sandbox::default()).await.unwrap();
        let key = SecretString::from("k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        let services = Arc::new(Services {
            db: db.db.clone(),
            providers: Providers::sandbox(&running.url()).unwrap(),
            blobs: Blobs::open_folder(std::env::temp_dir().join("vigie-tests")).unwrap(),
            keyring: Keyring::parse(&key).unwrap(),
            public_url: "http://127.0.0.1:1".into(),
            console_url: "http://127.0.0.1:1".into(),
        });
        let (company, user) = insert_company(&db).await;
        let account = connect_account(&services, company, user).await;
        let drain = Drain::new(&db.db, Arc::new(crate::build_registry()), services.clone()).await;
        Self {
            db,
            running,
            services,
            company,
            account,
            drain,
        }
    }

    /// Moves the last good day so many days back.
    pub(super) async fn set_last_good_day(&self, days_ago: i32) {
        sqlx::query!(
            "update ad_accounts set last_good_day = engine_now()::date - 1 - $1::int4",
            days_ago
        )
        .execute(&mut self.db.owner().await)
        .await
        .unwrap();
    }

    /// Returns the reports and the number of staged rows.
    pub(super) async fn stored_state(&self) -> (Vec<String>, i64) {
        let reports = sqlx::query_scalar!(
            r#"select concat_ws(' ', state, run_id, runs, polls, cursor) as "report!"
               from ad_reports order by id"#,
        )
        .fetch_all(&mut self.db.owner().await)
        .await
        .unwrap();
        let staged = sqlx::query_scalar!(r#"select count(*) as "rows!" from ad_daily_staged"#);
        (
            reports,
            staged.fetch_one(&mut self.db.owner().await).await.unwrap(),
        )
    }

    async fn begin(&self) -> Tx {
        let scope = Scope::company(self.company);
        self.db.db.begin(scope).await.unwrap()
    }

    /// Returns the account as the API shows it.
    pub(super) async fn shown_account(&self) -> ads::AccountView {
        let mut tx = self.begin().await;
        let accounts = ads::list_accounts(&mut tx, None, 10).await.unwrap();
        let shown = accounts
            .into_iter()
            .find(|account| account.id == self.account);
        shown.unwrap()
    }

    /// Adds the other account of the same connection.
    pub(super) async fn add_account(&self) -> AccountId {
        let mut tx = self.begin().await;
        let now = platform::db::load_now(&mut tx).await.unwrap();
        let connection = ads::load_account(&mut tx, self.account)
            .await
            .unwrap()
            .connection
            .id;
        let account = FoundAccount {
            external_id: "act_100200300400502".into(),
            name: "Boutique Paris".into(),
            timezone: "Europe/Paris".into(),
            currency: "EUR".into(),
        };
        let ids = ads::save_accounts(&mut tx, self.company, connection, &[account], now).await;
        tx.commit().await.unwrap();
        ids.unwrap()[0]
    }

    pub(super) async fn enqueue_refresh(&self) {
        self.enqueue_refresh_of(self.account).await;
    }

    pub(super) async fn enqueue_refresh_of(&self, account_id: AccountId) {
        let mut tx = self.begin().await;
        tx.enqueue(company_job(self.company, &RefreshAccount { account_id }))
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Runs until the refresh has ended, and advances the clock over its waits.
    pub(super) async fn run_to_end(&self) -> Ran {
        for _ in 0..50 {
            if let Some(last) = self
                .drain
                .run_due()
                .await
                .into_iter()
                .find(|ran| ran.outcome.name() != "snoozed")
            {
                return last;
            }
            self.db.advance(Duration::from_secs(400)).await;
        }
        panic!("the refresh does not end");
    }

    /// Runs the due job in a runtime of its own that dies at the `nth` call of `operation`.
    pub(super) async fn die_at(&self, operation: &str, nth: u64) {
        let calls = self
            .running
            .sandbox()
            .count_calls(sandbox::Provider::Meta, operation);
        let hold = Rule {
            matches: Match {
                operation: Some(operation.into()),
                ..Match::default()
            },
            fault: Fault::TimeoutBefore { hold_ms: 3_600_000 },
            times: Some(1),
        };
        for _ in 1..nth {
            let pass = Rule {
                fault: Fault::LatencyMs(0),
                ..hold.clone()
            };
            self.running.sandbox().add_fault(pass);
        }
        self.running.sandbox().add_fault(hold);
        self.die_when(async {
            while self
                .running
                .sandbox()
                .count_calls(sandbox::Provider::Meta, operation)
                < calls + nth
            {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    /// Runs the due job in a runtime that dies during the publication. Its first table is locked,
    /// and the worker dies before the lock is released.
    pub(super) async fn die_while_publishing(&self) {
        let mut holder = self.db.owner().await;
        sqlx::raw_sql("begin; lock table ad_daily in exclusive mode")
            .execute(&mut holder)
            .await
            .unwrap();
        self.die_when(async {
            while sqlx::query_scalar!("select 1 from pg_locks where not granted")
                .fetch_optional(&mut self.db.owner().await)
                .await
                .unwrap()
                .is_none()
            {}
        })
        .await;
        sqlx::raw_sql("rollback")
            .execute(&mut holder)
            .await
            .unwrap();
    }

    /// Runs the due job in a runtime of its own that dies once `reached`.
    async fn die_when(&self, reached: impl Future<Output = ()>) {
        let pool = self.db.db.engine().clone();
        let worker = liveness::register_worker(&pool, "doomed").await.unwrap();
        let doomed = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let claimed = claim_due(&pool, worker).await;
        let (services, url) = (self.services.clone(), self.db.url());
        doomed.spawn(async move {
            let db = platform::db::Db::connect(&platform::db::DbConfig::small(url))
                .await
                .unwrap();
            let services = Services {
                db: db.clone(),
                ..Services::clone(&services)
            };
            let registry = Arc::new(crate::build_registry());
            let completions = Completions::start(&db);
            let runner = Runner {
                registry,
                services: Arc::new(services),
                db,
                completions,
            };
            runner
                .run(claimed, CancellationToken::new(), &CancellationToken::new())
                .await
        });
        reached.await;
        doomed.shutdown_background();
        let rescued = rescue::rescue_lost_workers(&pool, Duration::ZERO)
            .await
            .unwrap();
        assert_eq!(rescued.requeued, 1, "the dead worker's job is requeued");
    }

    /// Returns every row that readers see.
    pub(super) async fn published_rows(&self) -> Vec<PublishedRow> {
        let rows = sqlx::query!(
            r#"select ad_id, day, impressions as "impressions!", trim_scale(spend)::text as "spend!"
               from ad_daily order by day, ad_id"#,
        )
        .fetch_all(&mut self.db.owner().await)
        .await
        .unwrap();
        rows.into_iter()
            .map(|row| (row.day, row.ad_id, row.impressions, row.spend))
            .collect()
    }

    /// Returns the same rows as Meta reports them.
    pub(super) async fn rows_at_meta(&self) -> Vec<PublishedRow> {
        let meta = &self.services.providers.meta;
        let token = SecretString::from(META_ACCESS_TOKEN);
        let (since, until) = self.latest_window().await;
        let request = ReportRequest {
            account_id: DAKAR.into(),
            since,
            until,
            level: Level::Ad,
        };
        let run = meta.start_report(&token, &request).await.unwrap().value;
        while meta.poll_report(&token, &run).await.unwrap().value.status != RunStatus::Completed {}
        let page = meta
            .read_report(&token, &run, None, 5_000)
            .await
            .unwrap()
            .value;
        assert_eq!(page.next, None);
        let rows = page.rows.into_iter().map(|row| {
            (
                row.day,
                row.ad_id.unwrap(),
                row.impressions.unwrap(),
                row.spend.unwrap().normalize().to_string(),
            )
        });
        let mut rows: Vec<PublishedRow> = rows.collect();
        rows.sort();
        rows
    }

    /// Returns the first and last day of the newest refresh.
    pub(super) async fn latest_window(&self) -> (NaiveDate, NaiveDate) {
        let row =
            sqlx::query!("select first_day, last_day from ad_refreshes order by id desc limit 1")
                .fetch_one(&mut self.db.owner().await)
                .await
                .unwrap();
        (row.first_day, row.last_day)
    }

    pub(super) async fn refresh_states(&self) -> Vec<String> {
        sqlx::query_scalar!("select state from ad_refreshes order by id")
            .fetch_all(&mut self.db.owner().await)
            .await
            .unwrap()
    }

    pub(super) fn add_fault(&self, operation: &str, fault: Fault, times: u32) {
        let matches = Match {
            operation: Some(operation.into()),
            ..Match::default()
        };
        self.running.sandbox().add_fault(Rule {
            matches,
            fault,
            times: Some(times),
        });
    }
}

/// Claims the one job that is due.
pub(super) async fn claim_due(pool: &PgPool, worker: i32) -> Claim {
    let due = claim::list_claimable(pool, None, None, 1).await.unwrap();
    let ids: Vec<_> = due.into_iter().map(|(_, id)| id).collect();
    claim::claim_jobs(pool, worker, &ids)
        .await
        .unwrap()
        .pop()
        .expect("a job is due")
}

/// Inserts a company and its owner.
async fn insert_company(db: &TestDb) -> (CompanyId, UserId) {
    let (company, user) = (CompanyId::new(), UserId::new());
    let mut owner = db.owner().await;
    sqlx::query!(
        "insert into users (id, email, password_hash, full_name, created_at, updated_at)
         values ($1, 'awa@vigie.example', '-', 'Awa', engine_now(), engine_now())",
        user.0,
    )
    .execute(&mut owner)
    .await
    .unwrap();
    sqlx::query!(
        "insert into companies (id, name, created_by, created_at, updated_at)
         values ($1, 'Boutique', $2, engine_now(), engine_now())",
        company.0,
        user.0,
    )
    .execute(&mut owner)
    .await
    .unwrap();
    sqlx::query!(
        "insert into memberships (company_id, user_id, role, created_at, updated_at)
         values ($1, $2, 'owner', engine_now(), engine_now())",
        company.0,
        user.0,
    )
    .execute(&mut owner)
    .await
    .unwrap();
    (company, user)
}

async fn connect_account(services: &Services, company: CompanyId, user: UserId) -> AccountId {
    let mut tx = services.db.begin(Scope::company(company)).await.unwrap();
    let now = platform::db::load_now(&mut tx).await.unwrap();
    let context = ads::connection_context(company, user);
    let sealed = services
        .keyring
        .seal(&context, META_ACCESS_TOKEN.as_bytes());
    let connection = ads::save_connection(&mut tx, company, user, &sealed, None, now)
        .await
        .unwrap();
    let account = FoundAccount {
        external_id: DAKAR.into(),
        name: "Boutique Dakar".into(),
        timezone: "Africa/Dakar".into(),
        currency: "XOF".into(),
    };
    let accounts = ads::save_accounts(&mut tx, company, connection, &[account], now)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    accounts[0]
}
