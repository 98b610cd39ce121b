//! A message as the sandbox stores it, and as Twilio's API represents it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::keys::TWILIO_ACCOUNT_SID;
use crate::provider::Channel;

/// The states of a message, by Twilio's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MessageStatus {
    Queued,
    Sent,
    Delivered,
    Read,
    Failed,
    /// Of an inbound message.
    Received,
}

impl MessageStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Received => "received",
        }
    }
}

/// One WhatsApp message to or from a recipient. Addresses keep the `whatsapp:` prefix.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) sid: String,
    pub(crate) to: String,
    pub(crate) from: String,
    pub(crate) body: String,
    pub(crate) content_sid: Option<String>,
    pub(crate) inbound: bool,
    pub(crate) status: MessageStatus,
    /// The error that fails the delivery.
    pub(crate) delivery_error: Option<u32>,
    pub(crate) error_code: Option<u32>,
    pub(crate) status_callback: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) sent_at: Option<DateTime<Utc>>,
    pub(crate) updated_at: DateTime<Utc>,
}

impl Message {
    /// Returns the resource of Twilio's API.
    pub(crate) fn to_resource(&self) -> Value {
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

    /// Returns the message as `/admin/messages` lists it, with plain numbers.
    pub(crate) fn to_admin_view(&self) -> Value {
        let number = |address: &str| address.trim_start_matches("whatsapp:").to_owned();
        json!({
            "channel": Channel::Whatsapp,
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

/// Returns `prefix` and 32 hexadecimal digits.
pub(crate) fn new_sid(prefix: &str) -> String {
    format!("{prefix}{}", uuid::Uuid::new_v4().simple())
}
