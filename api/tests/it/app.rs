//! One application per test: its own database and sandbox, the real router for requests, and a real
//! port for callbacks.
//!
//! ```text
//! let app = TestApp::start().await;
//! let owner = app.with_company().await;
//! let viewer = owner.with_user(Role::Viewer).await;
//! let product = owner.post("/products", json!({"sku": "A", "name": "Rice"})).await.expect(201);
//! app.run_jobs().await;
//! ```

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use api::{ApiConfig, App};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use chrono::{DateTime, Utc};
use domain::catalog::import::FileQuota;
use domain::identity;
use domain::identity::accounts::{NewUser, Profile};
use domain::identity::companies::{CompanyProfile, NewCompany};
use jobs::Services;
use platform::blobs::Blobs;
use platform::crypto::Keyring;
use platform::db::Scope;
use platform::ids::{CompanyId, UserId, Uuid};
use platform::queue::runner::Ran;
use platform::redis::RedisConfig;
use providers::Providers;
use sandbox::{Running, Sandbox};
use serde_json::{Value, json};
use sqlx::PgConnection;
use testing::{Drain, TestDb};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

pub(crate) use crate::client::{Client, TestResponse, encode};
use crate::identity::mailed_token;
use crate::shop::{PHONE, insert_confirmed};

pub(crate) const PASSWORD: &str = "ndeye-vend-du-riz";
pub(crate) const UPLOAD_LIMIT: u64 = 2 << 30;
pub(crate) const CONSOLE_URL: &str = "http://console.vigie.example";
pub(crate) const SIGNING_KEY: &str = "the signing key of the tests of 32 bytes or more";

pub(crate) struct TestApp {
    pub(crate) db: TestDb,
    pub(crate) services: Arc<Services>,
    pub(crate) sandbox: Running,
    router: Router,
    drain: Drain<Services>,
    blobs: PathBuf,
    stop: CancellationToken,
    people: AtomicUsize,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(no_redis(), |_| ()).await
    }

    /// On a disk of which so many bytes have to stay free.
    pub(crate) async fn start_on_disk(reserve: u64) -> Self {
        Self::start_all(no_redis(), reserve, |_| ()).await
    }

    pub(crate) async fn start_with(
        redis: RedisConfig,
        configure: impl FnOnce(&mut ApiConfig),
    ) -> Self {
        Self::start_all(redis, 0, configure).await
    }

    async fn start_all(
        redis: RedisConfig,
        reserve: u64,
        configure: impl FnOnce(&mut ApiConfig),
    ) -> Self {
        let db = TestDb::new().await;
        let sandbox = sandbox::start_sandbox(Sandbox::default()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let blobs = std::env::temp_dir().join(format!("vigie-test-{}", Uuid::new_v4()));
        let keys = format!("test:{}", base64_of(&[7; 32]));
        let services = Services {
            db: db.db.clone(),
            providers: Providers::sandbox(&sandbox.url()).unwrap(),
            blobs: Blobs::open_folder(blobs.clone())
                .unwrap()
                .with_reserve(reserve),
            keyring: Keyring::parse(&keys.into()).unwrap(),
            public_url: format!("http://{addr}"),
            console_url: CONSOLE_URL.to_owned(),
        };
        let trusted_proxies = "10.0.0.0/8".parse().unwrap();
        let mut config = ApiConfig {
            addr,
            signing_keys: format!("test:{SIGNING_KEY}").parse().unwrap(),
            trusted_proxies,
            upload_limit: UPLOAD_LIMIT,
            upload_idle_timeout: Duration::from_secs(60),
            file_quota: FileQuota::default(),
        };
        configure(&mut config);
        let app = App::new(services.clone(), redis, &config);
        let stop = CancellationToken::new();
        platform::task::spawn_named(
            "test API",
            api::serve_api(app.clone(), listener, stop.clone()),
        );
        let services = Arc::new(services);
        let drain = Drain::new(&db.db, Arc::new(jobs::build_registry()), services.clone()).await;
        Self {
            router: api::router(app),
            db,
            services,
            sandbox,
            drain,
            blobs,
            stop,
            people: AtomicUsize::new(0),
        }
    }

    /// Inserts a company and signs in as its owner, whose number has confirmed.
    pub(crate) async fn with_company(&self) -> Client<'_> {
        let (email, profile) = (self.new_email(), CompanyProfile::default());
        let company = NewCompany::validate("Boutique Awa", profile).unwrap();
        let user = new_user(&email, "Awa Diop", Some(PHONE));
        let scope = Scope::member(company.id, user.id);
        let mut tx = self.db.db.begin(scope).await.unwrap();
        let now = insert_user(&mut tx, &user).await;
        identity::companies::create_company(&mut tx, &company, user.id, now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let owner = self.sign_in(&email, Some(company.id)).await;
        insert_confirmed(&owner, PHONE).await;
        owner
    }

    /// Registers a company by the API, opens the mailed link, and signs in as its owner.
    pub(crate) async fn with_registration(&self, email: &str) -> Client<'_> {
        let registration = json!({
            "email": email, "password": PASSWORD, "full_name": "Awa Diop",
            "company_name": "Boutique Awa", "phone": "+221771234567",
        });
        let nobody = self.anonymous();
        nobody
            .post("/auth/register", registration)
            .await
            .expect(202);
        self.run_jobs().await;
        let token = mailed_token(self, email).await;
        let confirmation = json!({"token": token, "password": PASSWORD});
        let body = nobody
            .post("/auth/register/confirm", confirmation)
            .await
            .expect(201);
        let company = body["company"]["id"].as_str().unwrap().parse().unwrap();
        self.sign_in(email, Some(company)).await
    }

    /// A client without a token.
    pub(crate) fn anonymous(&self) -> Client<'_> {
        Client {
            app: self,
            token: None,
            company: None,
            user: UserId(Uuid::nil()),
            email: String::new(),
        }
    }

    pub(crate) async fn sign_in(&self, email: &str, company: Option<CompanyId>) -> Client<'_> {
        let body = self.attempt_sign_in(email, PASSWORD).await.expect(200);
        let token = body["access_token"].as_str().unwrap().to_owned();
        let client = Client {
            app: self,
            token: Some(token),
            company,
            user: UserId(Uuid::nil()),
            email: email.into(),
        };
        let me = client.get("/auth/me").await.expect(200);
        Client {
            user: me["id"].as_str().unwrap().parse().unwrap(),
            ..client
        }
    }

    pub(crate) async fn attempt_sign_in(&self, email: &str, password: &str) -> TestResponse {
        let form = format!(
            "grant_type=password&username={}&password={}",
            encode(email),
            encode(password)
        );
        let request = Request::post("/api/v1/auth/token")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form))
            .unwrap();
        self.send_request(request).await
    }

    /// Sends a request unchanged.
    pub(crate) async fn send_request(&self, request: Request<Body>) -> TestResponse {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body,
            text,
        }
    }

    /// Runs due jobs and the jobs that they enqueue, in process and without Redis. Panics if a job
    /// fails.
    pub(crate) async fn run_jobs(&self) -> Vec<Ran> {
        let ran = self.run_failing_jobs().await;
        let failed: Vec<_> = ran.iter().filter(|ran| ran.error.is_some()).collect();
        assert!(failed.is_empty(), "jobs failed: {failed:#?}");
        ran
    }

    /// As [`TestApp::run_jobs`], for tests whose jobs fail.
    pub(crate) async fn run_failing_jobs(&self) -> Vec<Ran> {
        self.drain.run_due().await
    }

    pub(crate) async fn advance(&self, by: Duration) {
        self.db.advance(by).await;
    }

    /// A connection that bypasses row-level security.
    pub(crate) async fn owner(&self) -> PgConnection {
        self.db.owner().await
    }

    /// Lists the messages that the sandbox received for an address or a number, oldest first.
    pub(crate) async fn list_messages_to(&self, to: &str) -> Vec<Value> {
        let request = Request::get(format!("/admin/messages?to={}", encode(to)))
            .body(Body::empty())
            .unwrap();
        let response = sandbox::build_app(self.sandbox.sandbox().clone())
            .oneshot(request)
            .await
            .unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        body["items"].as_array().unwrap().clone()
    }

    /// Lists all stored files, those of interrupted uploads included.
    pub(crate) async fn list_files(&self) -> Vec<String> {
        let later = crate::shop::read_clock(self).await + chrono::Days::new(1);
        self.services.blobs.list_older_files(later).await.unwrap()
    }

    pub(crate) fn new_email(&self) -> String {
        format!(
            "person{}@example.sn",
            self.people.fetch_add(1, Ordering::Relaxed)
        )
    }
}

impl Drop for TestApp {
    /// Fails if jobs are due: the test has not observed their effects.
    fn drop(&mut self) {
        self.stop.cancel();
        let _ = std::fs::remove_dir_all(&self.blobs);
        if std::thread::panicking() {
            return;
        }
        let left = std::thread::scope(|scope| {
            let count = || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(due_jobs(&self.db))
            };
            scope.spawn(count).join().unwrap()
        });
        assert!(
            left.is_empty(),
            "jobs left due, run them with app.run_jobs(): {left:?}"
        );
    }
}

pub(crate) fn new_user(email: &str, full_name: &str, phone: Option<&str>) -> NewUser {
    let profile = Profile {
        email,
        full_name,
        phone,
        language: None,
        country: "SN",
    };
    NewUser::validate(profile, PASSWORD).unwrap()
}

/// Inserts an account with the password of the tests. Returns the time.
pub(crate) async fn insert_user(conn: &mut PgConnection, user: &NewUser) -> DateTime<Utc> {
    static HASH: LazyLock<String> = LazyLock::new(|| identity::password::hash_password(PASSWORD));
    let now = platform::db::load_now(conn).await.unwrap();
    identity::accounts::create_user(conn, user, &HASH, now)
        .await
        .unwrap();
    now
}

/// An address without a listener: the API works without Redis.
pub(crate) fn no_redis() -> RedisConfig {
    RedisConfig {
        url: "redis://127.0.0.1:1".to_owned(),
        namespace: "test".to_owned(),
    }
}

async fn due_jobs(db: &TestDb) -> Vec<String> {
    sqlx::query_scalar!("select kind from jobs_open where run_at <= engine_now()")
        .fetch_all(&mut db.owner().await)
        .await
        .unwrap()
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
