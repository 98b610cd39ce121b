//! The settings of the HTTP process.

use std::net::SocketAddr;
use std::time::Duration;

use domain::catalog::import::FileQuota;
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
    pub file_quota: FileQuota,
}

/// 2 GiB.
const DEFAULT_UPLOAD_LIMIT_MIB: u64 = 2 << 10;
const DEFAULT_UPLOAD_IDLE_TIMEOUT_SECONDS: u64 = 60;

impl ApiConfig {
    pub fn from_env(env: &mut Env) -> Self {
        let upload_limit_mib = env.parse_or("VIGIE_UPLOAD_LIMIT_MIB", DEFAULT_UPLOAD_LIMIT_MIB);
        Self {
            addr: env.parse_or("VIGIE_API_ADDR", SocketAddr::from(([127, 0, 0, 1], 8080))),
            signing_keys: read_signing_keys(env),
            trusted_proxies: env.parse_or("VIGIE_TRUSTED_PROXIES", TrustedProxies::default()),
            upload_limit: upload_limit_mib.saturating_mul(1 << 20),
            upload_idle_timeout: read_upload_idle_timeout(env),
            file_quota: read_file_quota(env, upload_limit_mib),
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

fn read_file_quota(env: &mut Env, upload_limit_mib: u64) -> FileQuota {
    let FileQuota {
        files,
        bytes,
        open_imports,
    } = FileQuota::default();
    let mebibytes = env.parse_or("VIGIE_COMPANY_FILES_MIB", bytes >> 20);
    if mebibytes < upload_limit_mib {
        env.report_problem(format!(
            "VIGIE_COMPANY_FILES_MIB = {mebibytes} is less than VIGIE_UPLOAD_LIMIT_MIB = \
             {upload_limit_mib}: no company could send a file of that size"
        ));
    }
    FileQuota {
        files: read_limit(env, "VIGIE_COMPANY_FILES", files),
        bytes: mebibytes.saturating_mul(1 << 20),
        open_imports: read_limit(env, "VIGIE_COMPANY_OPEN_IMPORTS", open_imports),
    }
}

fn read_limit(env: &mut Env, key: &'static str, default: u32) -> u32 {
    let limit = env.parse_or(key, default);
    if limit == 0 {
        env.report_problem(format!(
            "{key} must be at least 1: no file could be imported"
        ));
    }
    limit
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

#[cfg(test)]
mod tests {
    use platform::config::ConfigError;

    use super::*;

    fn list_problems(settings: &[(&str, &str)]) -> Vec<String> {
        let keys = [(
            "VIGIE_SIGNING_KEYS",
            "test:a signing key of 32 bytes or more",
        )];
        let pairs = keys.iter().chain(settings);
        let mut env = Env::from_pairs(pairs.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        ApiConfig::from_env(&mut env);
        match env.reject_problems() {
            Ok(()) => Vec::new(),
            Err(ConfigError(problems)) => problems,
        }
    }

    #[test]
    fn limits_that_admit_no_upload_stop_the_start() {
        assert_eq!(list_problems(&[]), Vec::<String>::new());
        let equal = [
            ("VIGIE_UPLOAD_LIMIT_MIB", "64"),
            ("VIGIE_COMPANY_FILES_MIB", "64"),
            ("VIGIE_COMPANY_FILES", "1"),
            ("VIGIE_COMPANY_OPEN_IMPORTS", "1"),
        ];
        assert_eq!(list_problems(&equal), Vec::<String>::new());
        for (key, value) in [
            ("VIGIE_COMPANY_FILES", "0"),
            ("VIGIE_COMPANY_OPEN_IMPORTS", "0"),
            ("VIGIE_COMPANY_FILES_MIB", "2047"),
            ("VIGIE_UPLOAD_LIMIT_MIB", "5121"),
        ] {
            let problems = list_problems(&[(key, value)]);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(key), "{problems:?}");
        }
    }
}
