//! The API in the benchmark's process, with one company signed in.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::{ApiConfig, App, TrustedProxies};
use domain::catalog::import::FileQuota;
use domain::identity;
use domain::identity::accounts::{NewUser, Profile};
use domain::identity::companies::{CompanyProfile, NewCompany};
use domain::identity::password::hash_password;
use jobs::Services;
use platform::blobs::Blobs;
use platform::crypto::Keyring;
use platform::db::Scope;
use platform::redis::RedisConfig;
use providers::Providers;
use serde_json::Value;
use testing::TestDb;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The encryption key of every process of a benchmark.
pub(crate) const KEYRING: &str = "bench:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
/// The signing key of every process of a benchmark.
pub(crate) const SIGNING_KEYS: &str = "bench:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
const EMAIL: &str = "bench@example.sn";
const PASSWORD: &str = "un-mot-de-passe-long";
/// An address where no provider listens.
pub(crate) const NO_PROVIDER_URL: &str = "http://127.0.0.1:1";

pub(crate) struct Service {
    pub(crate) test: TestDb,
    pub(crate) url: String,
    pub(crate) token: String,
    pub(crate) blobs: PathBuf,
    stop: CancellationToken,
    server: JoinHandle<anyhow::Result<()>>,
}

impl Service {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let test = TestDb::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let blobs = std::env::temp_dir().join(format!("vigie-bench-{}", uuid::Uuid::new_v4()));
        let stop = CancellationToken::new();
        let serving = api::serve_api(build_app(&test, &url, &blobs)?, listener, stop.clone());
        let server = platform::task::spawn_named("api", async move { Ok(serving.await?) });
        insert_owner(&test).await?;
        let token = sign_in(&url).await?;
        Ok(Self {
            test,
            url,
            token,
            blobs,
            stop,
            server,
        })
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.server.await??;
        Ok(std::fs::remove_dir_all(self.blobs)?)
    }
}

fn build_app(test: &TestDb, url: &str, blobs: &Path) -> anyhow::Result<App> {
    let services = Services {
        db: test.db.clone(),
        providers: Providers::sandbox(NO_PROVIDER_URL)?,
        blobs: Blobs::open_folder(blobs.to_path_buf())?,
        keyring: Keyring::parse(&KEYRING.to_owned().into()).map_err(anyhow::Error::msg)?,
        public_url: url.to_owned(),
        console_url: url.to_owned(),
    };
    let redis = RedisConfig {
        url: "redis://127.0.0.1:1".to_owned(),
        namespace: "bench".to_owned(),
    };
    let config = ApiConfig {
        addr: url.trim_start_matches("http://").parse()?,
        signing_keys: SIGNING_KEYS.parse().map_err(anyhow::Error::msg)?,
        upload_limit: 2 << 30,
        upload_idle_timeout: Duration::from_secs(60),
        file_quota: FileQuota::default(),
        trusted_proxies: TrustedProxies::default(),
    };
    Ok(App::new(services, redis, &config))
}

/// Builds a client with a connection of its own, for plain HTTP on this machine, so without
/// certificates.
pub(crate) fn build_client() -> anyhow::Result<reqwest::Client> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .no_proxy()
        .tls_backend_preconfigured(tls)
        .pool_max_idle_per_host(1)
        .build()?)
}

/// Inserts a company and its owner: nobody reads the mail of a registration.
async fn insert_owner(test: &TestDb) -> anyhow::Result<()> {
    let profile = Profile {
        email: EMAIL,
        full_name: "Bench",
        phone: None,
        language: None,
        country: "SN",
    };
    let user = NewUser::validate(profile, PASSWORD)?;
    let company = NewCompany::validate("Bench", CompanyProfile::default())?;
    let scope = Scope::member(company.id, user.id);
    let mut tx = test.db.begin(scope).await?;
    let now = platform::db::load_now(&mut tx).await?;
    identity::accounts::create_user(&mut tx, &user, &hash_password(PASSWORD), now).await?;
    identity::companies::create_company(&mut tx, &company, user.id, now).await?;
    tx.commit().await?;
    sqlx::query!("update plans set products = null, import_rows_per_month = null")
        .execute(&mut test.owner().await)
        .await?;
    Ok(())
}

/// Signs in as the owner and returns an access token.
async fn sign_in(url: &str) -> anyhow::Result<String> {
    let form = [("username", EMAIL), ("password", PASSWORD)];
    let response: Value = build_client()?
        .post(format!("{url}/api/v1/auth/token"))
        .form(&form)
        .send()
        .await?
        .json()
        .await?;
    response["access_token"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| anyhow::anyhow!("no token: {response}"))
}
