//! The list of the services: their names, their operations, their credentials and their clients.
//! A new service is a variant or a field of each item here, and the compiler names the others.

use std::fmt;

use reqwest::Client;

use crate::brevo::{Brevo, BrevoCredentials, BrevoOperation};
use crate::connection::{Timeouts, live_client, sandbox_client};
use crate::meta::{Meta, MetaCredentials, MetaOperation};
use crate::sandbox_url::{SandboxUrlError, parse_sandbox_url};
use crate::stripe::{Stripe, StripeCredentials, StripeOperation};
use crate::twilio::{Twilio, TwilioCredentials, TwilioOperation};
use crate::{brevo, meta, stripe, twilio};

/// An outside service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    Twilio,
    Brevo,
    Stripe,
    Meta,
}

impl Provider {
    pub const ALL: [Self; 4] = [Self::Twilio, Self::Brevo, Self::Stripe, Self::Meta];

    /// Lower-case name: the metric label, the log field and the sandbox's first path segment.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Brevo => "brevo",
            Self::Stripe => "stripe",
            Self::Meta => "meta",
        }
    }

    /// Every operation of the service's client.
    pub fn operations(self) -> Vec<Operation> {
        match self {
            Self::Twilio => TwilioOperation::ALL.map(Operation::Twilio).into(),
            Self::Brevo => BrevoOperation::ALL.map(Operation::Brevo).into(),
            Self::Stripe => StripeOperation::ALL.map(Operation::Stripe).into(),
            Self::Meta => MetaOperation::ALL.map(Operation::Meta).into(),
        }
    }

    fn live_url(self) -> &'static str {
        match self {
            Self::Twilio => twilio::LIVE_URL,
            Self::Brevo => brevo::LIVE_URL,
            Self::Stripe => stripe::LIVE_URL,
            Self::Meta => meta::LIVE_URL,
        }
    }

    /// Prefixes of the service's keys and tokens, which must never be logged.
    pub(crate) fn secret_prefixes(self) -> &'static [&'static str] {
        match self {
            Self::Twilio => &[],
            Self::Brevo => brevo::SECRET_PREFIXES,
            Self::Stripe => stripe::SECRET_PREFIXES,
            Self::Meta => meta::SECRET_PREFIXES,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One operation of a provider's client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    Twilio(TwilioOperation),
    Brevo(BrevoOperation),
    Stripe(StripeOperation),
    Meta(MetaOperation),
}

impl Operation {
    #[must_use]
    pub fn provider(self) -> Provider {
        match self {
            Self::Twilio(_) => Provider::Twilio,
            Self::Brevo(_) => Provider::Brevo,
            Self::Stripe(_) => Provider::Stripe,
            Self::Meta(_) => Provider::Meta,
        }
    }

    /// Snake-case name: the metric label, the log field and the sandbox's name for faults.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Twilio(operation) => operation.as_str(),
            Self::Brevo(operation) => operation.as_str(),
            Self::Stripe(operation) => operation.as_str(),
            Self::Meta(operation) => operation.as_str(),
        }
    }

    /// What a second call of the operation does.
    pub(crate) fn effect(self) -> Effect {
        match self {
            Self::Twilio(operation) => operation.effect(),
            Self::Brevo(operation) => operation.effect(),
            Self::Stripe(operation) => operation.effect(),
            Self::Meta(operation) => operation.effect(),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What repeating a call may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing more than the first call: a read, or a call with an idempotency key.
    Repeatable,
    /// The effect once more, such as a second message.
    Once,
}

/// Which services the clients call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The project's own stand-ins, on a loopback or private address, with fixed credentials.
    Sandbox,
    /// The real services.
    Live,
}

impl Mode {
    /// `sandbox` or `live`, as in the configuration and in the readiness response.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Live => "live",
        }
    }
}

/// Everything that `live` needs; the executable refuses to start while one is missing.
#[derive(Debug, Clone)]
pub struct LiveCredentials {
    pub twilio: TwilioCredentials,
    pub brevo: BrevoCredentials,
    pub stripe: StripeCredentials,
    pub meta: MetaCredentials,
}

impl LiveCredentials {
    fn of_sandbox() -> Self {
        Self {
            twilio: twilio::sandbox::sandbox_credentials(),
            brevo: brevo::sandbox::sandbox_credentials(),
            stripe: stripe::sandbox::sandbox_credentials(),
            meta: meta::sandbox::sandbox_credentials(),
        }
    }
}

/// Every client, made once per process; clones share the connections.
#[derive(Debug, Clone)]
pub struct Providers {
    pub mode: Mode,
    pub twilio: Twilio,
    pub brevo: Brevo,
    pub stripe: Stripe,
    pub meta: Meta,
}

/// Why the clients could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    SandboxUrl(#[from] SandboxUrlError),
    #[error("HTTP client not created: {0}")]
    Client(String),
}

impl Providers {
    /// Makes clients of the real services. Fails on a machine without a usable certificate store.
    pub fn live(credentials: LiveCredentials) -> Result<Self, SetupError> {
        let client = live_client(Timeouts::default())?;
        let base_url = |provider: Provider| provider.live_url().to_owned();
        Ok(Self::with_client(
            Mode::Live,
            &client,
            credentials,
            base_url,
        ))
    }

    /// Makes clients of the sandbox at `base_url` (`http://127.0.0.1:8090`), with its fixed
    /// credentials. Rejects a host that isn't loopback, private, or a plain container name.
    pub fn sandbox(base_url: &str) -> Result<Self, SetupError> {
        Self::sandbox_with(base_url, Timeouts::SANDBOX)
    }

    /// Does the same with other timeouts, for tests that let one elapse.
    pub fn sandbox_with(base_url: &str, timeouts: Timeouts) -> Result<Self, SetupError> {
        let sandbox_url = parse_sandbox_url(base_url)?;
        let client = sandbox_client(timeouts)?;
        let base_url = |provider: Provider| format!("{sandbox_url}/{provider}");
        let credentials = LiveCredentials::of_sandbox();
        Ok(Self::with_client(
            Mode::Sandbox,
            &client,
            credentials,
            base_url,
        ))
    }

    fn with_client(
        mode: Mode,
        client: &Client,
        credentials: LiveCredentials,
        base_url: impl Fn(Provider) -> String,
    ) -> Self {
        let connect = |provider| (client.clone(), base_url(provider));
        Self {
            mode,
            twilio: Twilio::new(connect(Provider::Twilio), credentials.twilio),
            brevo: Brevo::new(connect(Provider::Brevo), credentials.brevo),
            stripe: Stripe::new(connect(Provider::Stripe), credentials.stripe),
            meta: Meta::new(connect(Provider::Meta), credentials.meta),
        }
    }
}
