//! The outside services: Twilio (WhatsApp), Brevo (e-mail), Stripe (billing), Meta (ads).
//! One client per service, with its webhook signatures and its table of errors. No database, no
//! business rule, no retry: a call is made once, and the [`Class`] of its failure says what may be
//! done about it.

mod clean;
mod connection;
mod error;
mod http;
mod mac;
mod provider;
mod redact;
mod response;
mod sandbox_url;

pub mod brevo;
pub mod meta;
pub mod stripe;
pub mod twilio;

/// The sandbox's fixed, public credentials. The sandbox declares the same values on its side.
pub mod sandbox {
    pub use crate::brevo::sandbox::BREVO_WEBHOOK_TOKEN;
    pub use crate::meta::sandbox::META_ACCESS_TOKEN;
    pub use crate::stripe::sandbox::{
        STRIPE_PRICE_ENTERPRISE, STRIPE_PRICE_PRO, STRIPE_WEBHOOK_SECRET,
    };
    pub use crate::twilio::sandbox::{
        TWILIO_CONTENT_ALERT_EN, TWILIO_CONTENT_ALERT_FR, TWILIO_CONTENT_CODE_EN,
        TWILIO_CONTENT_CODE_FR,
    };
}

pub use brevo::{Brevo, BrevoCredentials};
pub use connection::Timeouts;
pub use error::{Class, ProviderError};
pub use meta::{Meta, MetaCredentials};
pub use provider::{LiveCredentials, Mode, Operation, Provider, Providers, SetupError};
pub use sandbox_url::SandboxUrlError;
pub use stripe::{Stripe, StripeCredentials};
pub use twilio::{Twilio, TwilioCredentials};
