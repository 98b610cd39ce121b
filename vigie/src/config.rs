//! The configuration of a process, read once from its environment. All problems are reported
//! together.

use std::net::SocketAddr;

use api::ApiConfig;
use platform::blobs::Blobs;
use platform::config::{ConfigError, Env};
use platform::crypto::Keyring;
use platform::db::DbConfig;
use platform::redis::RedisConfig;
use platform::telemetry::LogConfig;
use providers::{
    BrevoCredentials, LiveCredentials, MetaCredentials, StripeCredentials, TwilioCredentials,
};
use url::Url;
use workers::WorkerConfig;

#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) log: LogConfig,
    pub(crate) metrics_addr: SocketAddr,
    pub(crate) public_url: String,
    pub(crate) console_url: String,
    pub(crate) db: DbConfig,
    pub(crate) redis: RedisConfig,
    pub(crate) blobs: Option<Blobs>,
    pub(crate) keyring: Keyring,
    pub(crate) api: ApiConfig,
    pub(crate) worker: WorkerConfig,
    pub(crate) providers: ProviderChoice,
}

/// Which providers the process calls.
#[derive(Debug)]
pub(crate) enum ProviderChoice {
    Sandbox { url: String },
    Live(Box<LiveCredentials>),
}

impl Config {
    /// Fails with everything that is missing, malformed or contradictory.
    pub(crate) fn from_env(mut env: Env) -> Result<Self, ConfigError> {
        let config = Self::read_keys(&mut env);
        env.reject_problems()?;
        Ok(config)
    }

    fn read_keys(env: &mut Env) -> Self {
        let public_url = env.read_required("VIGIE_PUBLIC_URL");
        let public_url = parse_base_url(env, "VIGIE_PUBLIC_URL", &public_url);
        let console_url = match env.read_optional("VIGIE_CONSOLE_URL") {
            Some(text) => parse_base_url(env, "VIGIE_CONSOLE_URL", &text),
            None => public_url.clone(),
        };
        let config = Self {
            log: LogConfig::from_env(env),
            metrics_addr: env.parse_or(
                "VIGIE_METRICS_ADDR",
                SocketAddr::from(([127, 0, 0, 1], 9464)),
            ),
            public_url,
            console_url,
            db: DbConfig::from_env(env),
            redis: RedisConfig::from_env(env),
            blobs: Blobs::from_env(env),
            keyring: Keyring::from_env(env),
            api: ApiConfig::from_env(env),
            worker: WorkerConfig::from_env(env),
            providers: ProviderChoice::from_env(env),
        };
        if config.db.hot_connections < 5 {
            env.report_problem(
                "VIGIE_DB_HOT_CONNECTIONS must be at least 5: four fetchers and a writer",
            );
        }
        config
    }
}

impl ProviderChoice {
    fn from_env(env: &mut Env) -> Self {
        match env.read_required("VIGIE_PROVIDERS").as_str() {
            "live" => Self::Live(Box::new(read_credentials(env))),
            "sandbox" => Self::Sandbox {
                url: env.read_required("VIGIE_SANDBOX_URL"),
            },
            other => {
                if !other.is_empty() {
                    env.report_problem(format!(
                        "VIGIE_PROVIDERS = {other:?} must be sandbox or live"
                    ));
                }
                Self::Sandbox { url: String::new() }
            }
        }
    }
}

/// Returns an address that paths are appended to, without a trailing slash. An unset one is
/// reported already.
fn parse_base_url(env: &mut Env, key: &str, text: &str) -> String {
    let base = text.trim_end_matches('/');
    let is_base = |url: Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    if !text.is_empty() && !Url::parse(base).is_ok_and(is_base) {
        env.report_problem(format!(
            "{key} = {text:?} must be an address such as https://vigie.example, without a query"
        ));
    }
    base.to_owned()
}

fn read_credentials(env: &mut Env) -> LiveCredentials {
    LiveCredentials {
        twilio: TwilioCredentials {
            account_sid: env.read_required("TWILIO_ACCOUNT_SID"),
            auth_token: env.read_secret("TWILIO_AUTH_TOKEN"),
            whatsapp_from: env.read_required("TWILIO_WHATSAPP_FROM"),
        },
        brevo: BrevoCredentials {
            api_key: env.read_secret("BREVO_API_KEY"),
            sender_email: env.read_required("BREVO_SENDER_EMAIL"),
            sender_name: env.read_required("BREVO_SENDER_NAME"),
            webhook_token: env.read_secret("BREVO_WEBHOOK_TOKEN"),
        },
        stripe: StripeCredentials {
            secret_key: env.read_secret("STRIPE_SECRET_KEY"),
            webhook_secret: env.read_secret("STRIPE_WEBHOOK_SECRET"),
            price_pro: env.read_required("STRIPE_PRICE_PRO"),
            price_enterprise: env.read_required("STRIPE_PRICE_ENTERPRISE"),
        },
        meta: MetaCredentials {
            app_id: env.read_required("META_APP_ID"),
            app_secret: env.read_secret("META_APP_SECRET"),
            api_version: env.read_required("META_API_VERSION"),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SAMPLE: &str = include_str!("../../.env.example");

    /// Keys that another executable or another command reads.
    const OF_OTHERS: [&str; 3] = [
        "VIGIE_MIGRATION_URL",
        "VIGIE_SANDBOX_ADDR",
        "VIGIE_SANDBOX_STATE",
    ];

    fn keys_read_with(providers: &str) -> BTreeSet<&'static str> {
        let mut env = Env::from_pairs([("VIGIE_PROVIDERS".to_owned(), providers.to_owned())]);
        Config::read_keys(&mut env);
        env.list_keys_read().collect()
    }

    #[test]
    fn the_sample_lists_exactly_the_keys_that_are_read() {
        let listed: BTreeSet<&str> = SAMPLE
            .lines()
            .filter_map(|line| {
                line.trim_start_matches('#')
                    .split_once('=')
                    .map(|(key, _)| key)
            })
            .filter(|key| {
                !key.is_empty() && key.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
            })
            .collect();
        let mut read = keys_read_with("live");
        read.extend(keys_read_with("sandbox"));
        read.extend(OF_OTHERS);
        assert_eq!(listed, read);
    }

    #[test]
    fn compose_passes_on_every_credential() {
        const COMPOSE: &str = include_str!("../../docker-compose.yml");
        let of_sandbox = keys_read_with("sandbox");
        for key in keys_read_with("live").difference(&of_sandbox) {
            let entry = format!("    {key}: ${{{key}:-}}\n");
            assert!(COMPOSE.contains(&entry), "{key}");
        }
    }

    #[test]
    fn addresses_are_parsed_and_the_console_is_the_api_by_default() {
        let read = |public: &str, console: &str| {
            let pairs = [("VIGIE_PUBLIC_URL", public), ("VIGIE_CONSOLE_URL", console)];
            let mut env = Env::from_pairs(pairs.map(|(k, v)| (k.to_owned(), v.to_owned())));
            let config = Config::read_keys(&mut env);
            let problems = env.reject_problems().unwrap_err().0;
            let named = |problem: &&String| problem.contains("_URL = ");
            let wrong = problems.iter().filter(named).count();
            (config.public_url, config.console_url, wrong)
        };
        let api = "https://api.vigie.example";
        assert_eq!(read(&format!("{api}/"), ""), (api.into(), api.into(), 0));
        let console = "http://127.0.0.1:8081";
        assert_eq!(read(api, console), (api.into(), console.into(), 0));
        for wrong in [
            "vigie.example",
            "ftp://vigie.example",
            "https://",
            "https://vigie.example/?a=b",
            "https://vigie.example/#a",
            "https://user:secret@vigie.example",
        ] {
            assert_eq!(read(api, wrong).2, 1, "{wrong}");
            assert_eq!(read(wrong, "").2, 1, "{wrong}");
        }
    }

    #[test]
    fn live_names_every_missing_credential_at_once() {
        let env = Env::from_pairs([("VIGIE_PROVIDERS".to_owned(), "live".to_owned())]);
        let ConfigError(problems) = Config::from_env(env).unwrap_err();
        for key in [
            "TWILIO_AUTH_TOKEN",
            "BREVO_API_KEY",
            "STRIPE_WEBHOOK_SECRET",
            "META_APP_SECRET",
            "DATABASE_URL",
        ] {
            assert!(
                problems.iter().any(|p| p.contains(key)),
                "{key} in {problems:?}"
            );
        }
    }
}
