//! The settings of the HTTP process.

use std::net::SocketAddr;
use std::time::Duration;

use platform::config::Env;
use secrecy::{ExposeSecret as _, SecretString};

use crate::auth::TrustedProxies;

/// The settings of the HTTP process.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    pub addr: SocketAddr,
    /// Signs access tokens; 32 bytes or more.
    pub signing_key: SecretString,
    pub trusted_proxies: TrustedProxies,
    /// Largest uploaded file, in bytes.
    pub upload_limit: u64,
    /// The longest pause between two parts of an upload.
    pub upload_idle_timeout: Duration,
}

/// 2 GiB.
const DEFAULT_UPLOAD_LIMIT_MIB: u64 = 2 << 10;
const DEFAULT_UPLOAD_IDLE_TIMEOUT_SECONDS: u64 = 60;

impl ApiConfig {
    pub fn from_env(env: &mut Env) -> Self {
        let signing_key = env.read_secret("VIGIE_SIGNING_KEY");
        let length = signing_key.expose_secret().len();
        if (1..32).contains(&length) {
            env.report_problem(format!(
                "VIGIE_SIGNING_KEY has {length} bytes; it needs at least 32"
            ));
        }
        Self {
            addr: env.parse_or("VIGIE_API_ADDR", SocketAddr::from(([127, 0, 0, 1], 8080))),
            signing_key,
            trusted_proxies: env.parse_or("VIGIE_TRUSTED_PROXIES", TrustedProxies::default()),
            upload_limit: env
                .parse_or("VIGIE_UPLOAD_LIMIT_MIB", DEFAULT_UPLOAD_LIMIT_MIB)
                .saturating_mul(1 << 20),
            upload_idle_timeout: read_upload_idle_timeout(env),
        }
    }
}

fn read_upload_idle_timeout(env: &mut Env) -> Duration {
    let seconds = env.parse_or(
        "VIGIE_UPLOAD_IDLE_TIMEOUT_SECONDS",
        DEFAULT_UPLOAD_IDLE_TIMEOUT_SECONDS,
    );
    if seconds == 0 {
        env.report_problem("VIGIE_UPLOAD_IDLE_TIMEOUT_SECONDS must be at least 1");
    }
    Duration::from_secs(seconds)
}
