//! The outside services: Twilio (WhatsApp), Brevo (e-mail), Stripe (billing), Meta (ads).
//! One client per service, their webhook signatures and their error maps. No table, no business
//! rule, no retry: a call is made once and its failure says, by class, what may be done about it.

mod error;
mod http;
mod live;
mod mac;
mod redact;
pub mod sandbox;

pub mod brevo;
pub mod meta;
pub mod stripe;
pub mod twilio;

pub use brevo::Brevo;
pub use error::{Class, Provider, ProviderError};
pub use http::Timeouts;
pub use live::{
    BrevoCredentials, LiveCredentials, MetaCredentials, StripeCredentials, TwilioCredentials,
};
pub use meta::Meta;
pub use sandbox::SandboxRefused;
pub use stripe::Stripe;
pub use twilio::Twilio;

/// Which services the clients speak to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The project's own stand-ins, on a loopback or private address, with fixed credentials.
    Sandbox,
    /// The real services.
    Live,
}

impl Mode {
    /// `sandbox` or `live`, as written in configuration and shown by the readiness answer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Live => "live",
        }
    }
}

/// Every client, made once per process; cloning shares the connections.
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
    Sandbox(#[from] SandboxRefused),
    #[error("the HTTP client can't be made: {0}")]
    Client(String),
}
