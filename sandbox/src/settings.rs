//! What a person or a test may set while the sandbox runs: where webhooks go, and how it behaves.

use serde::{Deserialize, Serialize};

use crate::keys::BREVO_WEBHOOK_TOKEN;

/// `GET` and `PATCH /admin/settings`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whether WhatsApp messages tell their status to the `StatusCallback` of the message.
    pub status_callbacks: bool,
    /// Whether recipients read: without it a message ends as delivered.
    pub read_receipts: bool,
    /// Pause between two steps of a message or an e-mail.
    pub step_ms: u64,
    pub twilio_inbound_url: Option<String>,
    pub brevo_webhook_url: Option<String>,
    pub brevo_webhook_token: String,
    /// Whether events go out as they arise; else only `POST /admin/stripe/events/{id}/send` sends.
    pub stripe_webhooks: bool,
    pub stripe_webhook_url: Option<String>,
    /// Usage that Meta's headers show, in percent.
    pub meta_usage_percent: u32,
    /// Times that a report must be asked for before it is complete.
    pub meta_polls: u32,
    /// Days beyond which one report is "too much data".
    pub meta_max_days: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            status_callbacks: true,
            read_receipts: true,
            step_ms: 0,
            twilio_inbound_url: None,
            brevo_webhook_url: None,
            brevo_webhook_token: BREVO_WEBHOOK_TOKEN.into(),
            stripe_webhooks: true,
            stripe_webhook_url: None,
            meta_usage_percent: 3,
            meta_polls: 2,
            meta_max_days: 400,
        }
    }
}

impl Settings {
    /// Settings of the executable: webhooks go to the product at `base`, if there is one, and
    /// messages take a moment, so that a person sees them move.
    #[must_use]
    pub fn with_webhooks(base: Option<&str>) -> Self {
        let url = |path: &str| {
            base.map(|base| format!("{}/api/v1/webhooks/{path}", base.trim_end_matches('/')))
        };
        Self {
            step_ms: 400,
            twilio_inbound_url: url("twilio/inbound"),
            brevo_webhook_url: url(&format!("brevo/{BREVO_WEBHOOK_TOKEN}")),
            stripe_webhook_url: url("stripe"),
            ..Self::default()
        }
    }
}
