//! The stand-ins of the services: their fixed, public credentials, and the refusal to speak to
//! anything that isn't near. The sandbox holds the same values, written once more on its side.

use std::net::IpAddr;

use url::{Host, Url};

use crate::http::{Timeouts, sandbox_client};
use crate::live::{
    BrevoCredentials, LiveCredentials, MetaCredentials, StripeCredentials, TwilioCredentials,
};
use crate::{Brevo, Meta, Mode, Providers, SetupError, Stripe, Twilio};

pub const TWILIO_ACCOUNT_SID: &str = "AC5a4d0000000000000000000000005a4d";
pub const TWILIO_AUTH_TOKEN: &str = "sandbox-twilio-token";
pub const TWILIO_WHATSAPP_FROM: &str = "+14155238886";
/// Approved templates of the sandbox, by language: `{{1}}` title, `{{2}}` text, `{{3}}` link.
pub const TWILIO_CONTENT_ALERT_FR: &str = "HX00000000000000000000000000a1e7f4";
pub const TWILIO_CONTENT_ALERT_EN: &str = "HX00000000000000000000000000a1e7e4";
pub const BREVO_API_KEY: &str = "xkeysib-sandbox";
pub const BREVO_SENDER_EMAIL: &str = "alertes@vigie.example";
pub const BREVO_SENDER_NAME: &str = "Vigie";
pub const BREVO_WEBHOOK_TOKEN: &str = "sandbox-brevo-webhook";
pub const STRIPE_SECRET_KEY: &str = "sk_test_sandbox";
pub const STRIPE_WEBHOOK_SECRET: &str = "whsec_sandbox";
pub const STRIPE_PRICE_PRO: &str = "price_sandbox_pro";
pub const STRIPE_PRICE_ENTERPRISE: &str = "price_sandbox_enterprise";
pub const META_APP_ID: &str = "1000000000000001";
pub const META_APP_SECRET: &str = "sandbox-meta-secret";
pub const META_API_VERSION: &str = "v26.0";
/// A token that the sandbox's Graph accepts, with two ad accounts behind it.
pub const META_ACCESS_TOKEN: &str = "EAAsandbox";

/// Why an address is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxRefused {
    #[error("the sandbox's address {0:?} is not a URL")]
    NotAUrl(String),
    #[error("the sandbox's address must be http, not {0}")]
    NotHttp(String),
    #[error(
        "{0} is neither loopback nor private: the sandbox's providers only speak to near hosts"
    )]
    NotNear(String),
}

impl Providers {
    /// Clients of the sandbox at `base_url` (`http://127.0.0.1:8090`), with its fixed credentials.
    ///
    /// # Errors
    /// Refuses any host that isn't loopback, private, or a plain name as containers have.
    pub fn sandbox(base_url: &str) -> Result<Self, SetupError> {
        let timeouts = Timeouts {
            total: std::time::Duration::from_secs(5),
            ..Timeouts::default()
        };
        Self::sandbox_with(base_url, timeouts)
    }

    /// The same with other time-outs, for tests that let one pass.
    ///
    /// # Errors
    /// As [`Providers::sandbox`].
    pub fn sandbox_with(base_url: &str, timeouts: Timeouts) -> Result<Self, SetupError> {
        let base = near(base_url)?;
        let client = sandbox_client(timeouts)?;
        let credentials = credentials();
        Ok(Self {
            mode: Mode::Sandbox,
            twilio: Twilio::new(
                client.clone(),
                &format!("{base}/twilio"),
                credentials.twilio,
            ),
            brevo: Brevo::new(
                client.clone(),
                &format!("{base}/brevo/v3"),
                credentials.brevo,
            ),
            stripe: Stripe::new(
                client.clone(),
                &format!("{base}/stripe"),
                credentials.stripe,
            ),
            meta: Meta::new(client, &format!("{base}/meta"), credentials.meta),
        })
    }
}

fn credentials() -> LiveCredentials {
    LiveCredentials {
        twilio: TwilioCredentials {
            account_sid: TWILIO_ACCOUNT_SID.into(),
            auth_token: TWILIO_AUTH_TOKEN.into(),
            whatsapp_from: TWILIO_WHATSAPP_FROM.into(),
        },
        brevo: BrevoCredentials {
            api_key: BREVO_API_KEY.into(),
            sender_email: BREVO_SENDER_EMAIL.into(),
            sender_name: BREVO_SENDER_NAME.into(),
            webhook_token: BREVO_WEBHOOK_TOKEN.into(),
        },
        stripe: StripeCredentials {
            secret_key: STRIPE_SECRET_KEY.into(),
            webhook_secret: STRIPE_WEBHOOK_SECRET.into(),
            price_pro: STRIPE_PRICE_PRO.into(),
            price_enterprise: STRIPE_PRICE_ENTERPRISE.into(),
        },
        meta: MetaCredentials {
            app_id: META_APP_ID.into(),
            app_secret: META_APP_SECRET.into(),
            api_version: META_API_VERSION.into(),
        },
    }
}

/// The address without its last slash, where it is http and near.
fn near(base_url: &str) -> Result<String, SandboxRefused> {
    let url = Url::parse(base_url).map_err(|_| SandboxRefused::NotAUrl(base_url.to_owned()))?;
    if url.scheme() != "http" {
        return Err(SandboxRefused::NotHttp(url.scheme().to_owned()));
    }
    let near = match url.host() {
        Some(Host::Ipv4(ip)) => is_near(ip.into()),
        Some(Host::Ipv6(ip)) => is_near(ip.into()),
        // A name without a dot resolves inside the machine or the compose network only.
        Some(Host::Domain(name)) => !name.contains('.') || name.ends_with(".localhost"),
        None => false,
    };
    if near {
        Ok(url.as_str().trim_end_matches('/').to_owned())
    } else {
        Err(SandboxRefused::NotNear(
            url.host_str().unwrap_or_default().to_owned(),
        ))
    }
}

fn is_near(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn only_near_hosts_are_taken_for_a_sandbox() {
        for good in [
            "http://127.0.0.1:8090",
            "http://localhost:8090/",
            "http://10.1.2.3",
            "http://sandbox:8090",
            "http://[::1]:1",
            "http://[fd00::1]:1",
        ] {
            assert!(near(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.twilio.com",
            "http://8.8.8.8",
            "https://127.0.0.1",
            "127.0.0.1:8090",
            "http://169.254.169.254",
            "http://[2001:db8::1]",
            "http://127.0.0.1.example.com",
        ] {
            assert!(near(bad).is_err(), "{bad}");
        }
    }
}
