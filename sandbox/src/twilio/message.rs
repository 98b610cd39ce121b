//! A message as the sandbox keeps it, and as Twilio shows it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::keys::TWILIO_ACCOUNT_SID;

/// One WhatsApp message, ours or a recipient's. Addresses keep the `whatsapp:` prefix.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) sid: String,
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) body: String,
    pub(crate) content_sid: Option<String>,
    pub(crate) inbound: bool,
    pub(crate) status: String,
    /// The error that it will end in.
    pub(crate) doom: Option<u32>,
    pub(crate) error_code: Option<u32>,
    pub(crate) status_callback: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) sent_at: Option<DateTime<Utc>>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl Message {
    /// The resource of Twilio's API.
    pub(crate) fn as_twilio(&self) -> Value {
        let uri = format!(
            "/2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}/Messages/{}",
            self.sid
        );
        json!({
            "account_sid": TWILIO_ACCOUNT_SID,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": self.created_at.to_rfc2822(),
            "date_sent": self.sent_at.map(|at| at.to_rfc2822()),
            "date_updated": self.updated_at.to_rfc2822(),
            "direction": if self.inbound { "inbound" } else { "outbound-api" },
            "error_code": self.error_code,
            "error_message": self.error_code.map(|code| format!("error {code}")),
            "from": self.from,
            "messaging_service_sid": null,
            "num_media": "0",
            "num_segments": "1",
            "price": null,
            "price_unit": null,
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": { "media": format!("{uri}/Media.json") },
            "to": self.to,
            "uri": format!("{uri}.json"),
        })
    }

    /// The controls' view: plain numbers.
    pub(crate) fn as_seen(&self) -> Value {
        let number = |address: &str| address.trim_start_matches("whatsapp:").to_owned();
        json!({
            "channel": "whatsapp",
            "id": self.sid,
            "direction": if self.inbound { "in" } else { "out" },
            "to": number(&self.to),
            "from": number(&self.from),
            "body": self.body,
            "content_sid": self.content_sid,
            "status": self.status,
            "error_code": self.error_code,
            "status_callback": self.status_callback,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        })
    }
}

/// `prefix` and 32 hex digits.
pub(crate) fn new_sid(prefix: &str) -> String {
    format!("{prefix}{}", uuid::Uuid::new_v4().simple())
}
