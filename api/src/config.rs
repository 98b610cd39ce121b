//! The settings of the HTTP process.

use std::net::SocketAddr;
use std::time::Duration;

use platform::config::Env;
use secrecy::ExposeSecret as _;

use crate::auth::{SigningKeys, TrustedProxies};

/// The settings of the HTTP process.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    pub addr: SocketAddr,
    /// Sign access tokens.
    pub signing_keys: SigningKeys,
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
        Self {
            addr: env.parse_or("VIGIE_API_ADDR", SocketAddr::from(([127, 0, 0, 1], 8080))),
            signing_keys: read_signing_keys(env),
            trusted_proxies: env.parse_or("VIGIE_TRUSTED_PROXIES", TrustedProxies::default()),
            upload_limit: env
                .parse_or("VIGIE_UPLOAD_LIMIT_MIB", DEFAULT_UPLOAD_LIMIT_MIB)
                .saturating_mul(1 << 20),
            upload_idle_timeout: read_upload_idle_timeout(env),
        }
    }
}

fn read_signing_keys(env: &mut Env) -> SigningKeys {
    let text = env.read_secret("VIGIE_SIGNING_KEYS");
    let text = text.expose_secret();
    text.parse().unwrap_or_else(|problem| {
        // A missing key is reported already.
        if !text.is_empty() {
            env.report_problem(format!("VIGIE_SIGNING_KEYS: {problem}"));
        }
        SigningKeys::default()
    })
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
