//! The list of the providers that the sandbox stands in for: names, routes, operations, error
//! bodies, states and records. A new provider is a variant or a field of each item here, and the
//! compiler names the others.

use axum::Router;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::brevo::{self, BrevoRecord, Email};
use crate::meta::{self, MetaRecord};
use crate::operation::OperationPath;
use crate::state::Sandbox;
use crate::stripe::{self, StripeRecord};
use crate::twilio::{self, Message, TwilioRecord};

/// A provider. Its name is the first segment of its paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    Twilio,
    Brevo,
    Stripe,
    Meta,
}

impl Provider {
    pub(crate) const ALL: [Self; 4] = [Self::Twilio, Self::Brevo, Self::Stripe, Self::Meta];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Brevo => "brevo",
            Self::Stripe => "stripe",
            Self::Meta => "meta",
        }
    }

    /// Returns the routes below the provider's name.
    pub(crate) fn router(self) -> Router<Sandbox> {
        match self {
            Self::Twilio => twilio::router(),
            Self::Brevo => brevo::router(),
            Self::Stripe => stripe::router(),
            Self::Meta => meta::router(),
        }
    }

    /// Returns the controls below `/admin`.
    pub(crate) fn admin_router(self) -> Router<Sandbox> {
        match self {
            Self::Twilio => twilio::admin_router(),
            Self::Stripe => stripe::admin_router(),
            Self::Meta => meta::admin_router(),
            Self::Brevo => Router::new(),
        }
    }

    pub(crate) fn operations(self) -> &'static [OperationPath] {
        match self {
            Self::Twilio => twilio::OPERATIONS,
            Self::Brevo => brevo::OPERATIONS,
            Self::Stripe => stripe::OPERATIONS,
            Self::Meta => meta::OPERATIONS,
        }
    }

    /// Returns the body of an injected error whose rule has none.
    pub(crate) fn default_error_body(self, code: u16) -> Value {
        match self {
            Self::Twilio => twilio::default_error_body(code),
            Self::Brevo => brevo::default_error_body(),
            Self::Stripe => stripe::default_error_body(),
            Self::Meta => meta::default_error_body(code),
        }
    }

    pub(crate) fn rate_limit_response(self, seconds: u64) -> Response {
        match self {
            Self::Twilio => twilio::rate_limit_response(seconds),
            Self::Brevo => brevo::rate_limit_response(seconds),
            Self::Stripe => stripe::rate_limit_response(seconds),
            Self::Meta => meta::rate_limit_response(seconds),
        }
    }

    /// Stores an injected error where the provider replays it for its idempotency key.
    pub(crate) fn record_error(self, sandbox: &Sandbox, key: &str, code: u16, body: &Value) {
        match self {
            Self::Stripe => stripe::record_error(sandbox, key, code, body),
            Self::Twilio | Self::Brevo | Self::Meta => {}
        }
    }
}

/// What each provider stores.
#[derive(Default)]
pub(crate) struct ProviderStates {
    pub(crate) twilio: twilio::State,
    pub(crate) brevo: brevo::State,
    pub(crate) stripe: stripe::State,
    pub(crate) meta: meta::State,
}

/// The kind of a line of the state file. No two providers share a name.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(crate) enum RecordKind {
    Twilio(TwilioRecord),
    Brevo(BrevoRecord),
    Stripe(StripeRecord),
    Meta(MetaRecord),
}

impl ProviderStates {
    pub(crate) fn apply_record(
        &mut self,
        kind: RecordKind,
        value: Value,
    ) -> serde_json::Result<()> {
        match kind {
            RecordKind::Twilio(kind) => self.twilio.apply_record(kind, value),
            RecordKind::Brevo(kind) => self.brevo.apply_record(kind, value),
            RecordKind::Stripe(kind) => self.stripe.apply_record(kind, value),
            RecordKind::Meta(kind) => self.meta.apply_record(kind, value),
        }
    }

    /// Returns the messages as `/admin/messages` lists them, oldest first within each channel.
    pub(crate) fn message_views(&self) -> Vec<Value> {
        let whatsapp = self.twilio.messages.iter().map(Message::to_admin_view);
        let emails = self.brevo.emails.iter().map(Email::to_admin_view);
        whatsapp.chain(emails).collect()
    }
}

/// The channels of `/admin/messages`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Channel {
    Whatsapp,
    Email,
}

/// Continues the messages and e-mails that a stop interrupted.
pub(crate) fn resume_deliveries(sandbox: &Sandbox) {
    twilio::resume_messages(sandbox);
    brevo::resume_emails(sandbox);
}
