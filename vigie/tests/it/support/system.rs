//! The system under test: a database, a Redis, the sandbox, and as many processes as a test starts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::identity;
use domain::identity::accounts::{NewUser, Profile};
use domain::identity::companies::{CompanyProfile, NewCompany};
use domain::identity::password::hash_password;
use platform::db::Scope;
use platform::ids::Uuid;
use sandbox::{Running, Sandbox, Settings};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use testing::{TestDb, TestRedis, free_port};

use super::client::build_http_client;
use super::{Client, Process, Role, eventually};

pub(crate) const PASSWORD: &str = "ndeye-vend-du-riz";

pub(crate) struct System {
    pub(crate) db: TestDb,
    pub(crate) redis: TestRedis,
    pub(crate) sandbox: Running,
    pub(crate) processes: Vec<Process>,
    /// What the processes connect as; the owner of the tables by default.
    pub(crate) process_url: Option<String>,
    port: u16,
    folder: PathBuf,
    started: usize,
    heartbeat_ms: u64,
    backend: &'static str,
}

impl System {
    /// Starts everything but the processes.
    pub(crate) async fn new() -> Self {
        let port = free_port();
        let settings = Settings {
            step_ms: 0,
            ..Settings::with_webhooks(Some(&format!("http://127.0.0.1:{port}")))
        };
        let folder = std::env::temp_dir().join(format!("vigie-it-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&folder).unwrap();
        Self {
            db: TestDb::new().await,
            redis: TestRedis::start(),
            sandbox: sandbox::start_sandbox(Sandbox::open(settings, None).unwrap())
                .await
                .unwrap(),
            processes: Vec::new(),
            process_url: None,
            port,
            folder,
            started: 0,
            heartbeat_ms: 200,
            backend: "vigie",
        }
    }

    /// Starts four workers, two schedulers and an API. A worker without a heartbeat for four times
    /// 200 ms is lost.
    pub(crate) async fn fleet() -> Self {
        Self::fleet_over("vigie").await
    }

    /// Starts the same with another queue backend.
    pub(crate) async fn fleet_over(backend: &'static str) -> Self {
        let mut system = Self::new().await;
        system.backend = backend;
        system.with_fleet().await
    }

    /// Starts the same with a heartbeat of 1 s, for jobs that keep a small machine busy for
    /// seconds.
    pub(crate) async fn patient_fleet() -> Self {
        Self::patient().await.with_fleet().await
    }

    /// Starts everything but the processes, for a heartbeat of 1 s.
    pub(crate) async fn patient() -> Self {
        let mut system = Self::new().await;
        system.heartbeat_ms = 1_000;
        system
    }

    async fn with_fleet(mut self) -> Self {
        let system = &mut self;
        let roles = [
            Role::Worker,
            Role::Worker,
            Role::Worker,
            Role::Worker,
            Role::Scheduler,
            Role::Scheduler,
            Role::Api,
        ];
        for role in roles {
            system.start(role);
        }
        system.until_ready(4).await;
        self
    }

    /// Starts one more process.
    pub(crate) fn start(&mut self, role: Role) {
        let process = self.spawn(role);
        self.processes.push(process);
    }

    /// Starts a process that the caller keeps.
    pub(crate) fn spawn(&mut self, role: Role) -> Process {
        self.started += 1;
        Process::start(
            role,
            &self.environment(),
            self.folder.join(format!("{}-{role:?}.log", self.started)),
        )
    }

    /// Kills a process with SIGKILL and starts another in its place.
    pub(crate) async fn replace(&mut self, index: usize) {
        self.processes[index].kill().await;
        self.processes[index] = self.spawn(self.processes[index].role);
    }

    pub(crate) fn indices(&self, role: Role) -> Vec<usize> {
        (0..self.processes.len())
            .filter(|i| self.processes[*i].role == role)
            .collect()
    }

    /// The environment of every process.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let owner_url = || self.db.url().expose_secret().to_owned();
        vec![
            (
                "DATABASE_URL",
                self.process_url.clone().unwrap_or_else(owner_url),
            ),
            ("REDIS_URL", self.redis.config().url),
            ("VIGIE_QUEUE_NAMESPACE", self.redis.config().namespace),
            ("VIGIE_API_ADDR", format!("127.0.0.1:{}", self.port)),
            // Any port, because nothing scrapes the metrics.
            ("VIGIE_METRICS_ADDR", "127.0.0.1:0".to_owned()),
            ("VIGIE_PUBLIC_URL", self.url()),
            (
                "VIGIE_SIGNING_KEYS",
                "test:the signing key of the tests of 32 bytes or more".to_owned(),
            ),
            (
                "VIGIE_ENCRYPTION_KEYS",
                "a:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=".to_owned(),
            ),
            (
                "VIGIE_BLOB_DIR",
                self.folder.join("blobs").to_string_lossy().into_owned(),
            ),
            ("VIGIE_PROVIDERS", "sandbox".to_owned()),
            ("VIGIE_SANDBOX_URL", self.sandbox.url()),
            ("VIGIE_QUEUE_BACKEND", self.backend.to_owned()),
            ("VIGIE_HEARTBEAT_MS", self.heartbeat_ms.to_string()),
            // Seven processes share one server's connections.
            ("VIGIE_SLOTS_FAST", "6".to_owned()),
            ("VIGIE_SLOTS_DEFAULT", "3".to_owned()),
            ("VIGIE_DB_APP_CONNECTIONS", "6".to_owned()),
            ("VIGIE_DB_ENGINE_CONNECTIONS", "3".to_owned()),
            ("VIGIE_DB_HOT_CONNECTIONS", "5".to_owned()),
        ]
    }

    /// Returns names and lengths of the uploaded files.
    pub(crate) fn blobs(&self) -> BTreeMap<String, u64> {
        let root = self.folder.join("blobs");
        let (mut folders, mut found) = (vec![root.clone()], BTreeMap::new());
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                // A temporary file may have been renamed meanwhile.
                let Ok(about) = path.metadata() else { continue };
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
                if about.is_dir() {
                    folders.push(path);
                } else if name != "written-by-the-api" {
                    found.insert(name.to_owned(), about.len());
                }
            }
        }
        found
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A client that is not signed in.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(self.url())
    }

    /// Inserts the `n`th company, whose owner's number has confirmed, and returns the owner's
    /// client, signed in.
    pub(crate) async fn register_company(&self, n: usize) -> Client {
        let (email, phone) = (format!("owner{n}@example.sn"), format!("+22177100000{n}"));
        let profile = Profile {
            email: &email,
            full_name: "Awa Diop",
            phone: Some(&phone),
            language: None,
            country: "SN",
        };
        let user = NewUser::validate(profile, PASSWORD).unwrap();
        let name = format!("Boutique {n}");
        let company = NewCompany::validate(&name, CompanyProfile::default()).unwrap();
        let scope = Scope::member(company.id, user.id);
        let mut tx = self.db.db.begin(scope).await.unwrap();
        let now = platform::db::load_now(&mut tx).await.unwrap();
        identity::accounts::create_user(&mut tx, &user, &hash_password(PASSWORD), now)
            .await
            .unwrap();
        identity::companies::create_company(&mut tx, &company, user.id, now)
            .await
            .unwrap();
        sqlx::query!(
            "insert into alert_recipients (company_id, id, channel, address, confirmed_at,
               created_at, created_by)
             values ($1, gen_random_uuid(), 'whatsapp', $2, $3, $3, $4)",
            company.id.0,
            phone,
            now,
            user.id.0,
        )
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let mut client = self.anonymous();
        client.company = Some(company.id.to_string());
        let session = client.sign_in(&email, PASSWORD).await.expect(200);
        client.token = session["access_token"].as_str().map(str::to_owned);
        client
    }

    /// Returns when the API is ready and `workers` workers have sent a heartbeat.
    pub(crate) async fn until_ready(&mut self, workers: i64) {
        let http = build_http_client();
        let mut conn = self.db.owner().await;
        eventually("the system is ready", async || {
            for process in &mut self.processes {
                assert!(process.is_running(), "a process ended: {}", process.log());
            }
            let ready = http
                .get(format!("http://127.0.0.1:{}/health/ready", self.port))
                .send()
                .await
                .ok()?;
            let alive = sqlx::query_scalar!(
                "select count(*) from workers
                   where stopped_at is null and heartbeat_at > started_at",
            )
            .fetch_one(&mut conn)
            .await
            .unwrap();
            (ready.status().is_success() && alive >= Some(workers)).then_some(())
        })
        .await;
    }

    /// Returns the messages that the sandbox received on both channels.
    pub(crate) async fn sent_items(&self) -> Vec<Value> {
        let url = format!("{}/admin/messages", self.sandbox.url());
        let text = build_http_client()
            .get(url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let body: Value = serde_json::from_str(&text).unwrap();
        let items = body["items"].as_array().unwrap();
        items
            .iter()
            .filter(|item| item["direction"] != "in")
            .cloned()
            .collect()
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for process in &self.processes {
                let log = process.log();
                let lines: Vec<_> = log
                    .lines()
                    .filter(|line| !line.contains(" INFO "))
                    .collect();
                let last = &lines[lines.len().saturating_sub(30)..];
                eprintln!(
                    "--- {:?}, without INFO lines\n{}",
                    process.role,
                    last.join("\n")
                );
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
