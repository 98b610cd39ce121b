//! The settings that a person or a test may change while the sandbox runs: the webhook URLs and the
//! behaviour of each provider.

use serde::{Deserialize, Serialize};

use crate::brevo::keys::BREVO_WEBHOOK_TOKEN;

/// `GET` and `PATCH /admin/settings`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whether each status of a WhatsApp message is posted to the message's `StatusCallback`.
    pub status_callbacks: bool,
    /// Whether recipients read their messages; if not, a message ends as delivered.
    pub read_receipts: bool,
    /// The pause between two statuses of a message or an e-mail.
    pub step_ms: u64,
    pub twilio_inbound_url: Option<String>,
    pub brevo_webhook_url: Option<String>,
    pub brevo_webhook_token: String,
    /// Whether events are sent when they are created. If not, only
    /// `POST /admin/stripe/events/{id}/send` sends them.
    pub stripe_webhooks: bool,
    pub stripe_webhook_url: Option<String>,
    /// The usage in Meta's headers, in percent.
    pub meta_usage_percent: u32,
    /// The number of polls after which a report is complete.
    pub meta_polls: u32,
    /// The number of days from which one report is "too much data".
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
    /// Returns the settings of the executable. Webhooks go to the product at `base`, if any.
    /// Messages take a moment, so that a person sees each status.
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
