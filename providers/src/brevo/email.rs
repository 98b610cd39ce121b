//! An e-mail to send, and what Brevo returns for it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::BrevoCredentials;
use super::attachment::Attachment;
use crate::response::Response;

/// An e-mail to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEmail {
    pub to_email: String,
    pub to_name: Option<String>,
    pub subject: String,
    pub html: String,
    pub text: Option<String>,
    /// The same for every attempt of one send.
    pub idempotency_key: Uuid,
    /// Our id of the send; every webhook repeats it as `X-Mailin-custom`.
    pub reference: String,
    pub tags: Vec<String>,
    pub attachments: Vec<Attachment>,
}

impl NewEmail {
    pub(super) fn to_body(&self, sender: &BrevoCredentials) -> Value {
        let headers = json!({
            "idempotencyKey": self.idempotency_key,
            "X-Mailin-custom": self.reference,
        });
        let mut to = json!({ "email": self.to_email });
        if let Some(name) = &self.to_name {
            to["name"] = json!(name);
        }
        let mut body = json!({
            "sender": { "email": sender.sender_email, "name": sender.sender_name },
            "to": [to],
            "subject": self.subject,
            "htmlContent": self.html,
            "headers": headers,
        });
        if let Some(text) = &self.text {
            body["textContent"] = json!(text);
        }
        if !self.tags.is_empty() {
            body["tags"] = json!(self.tags);
        }
        if !self.attachments.is_empty() {
            body["attachment"] = self.attachments.iter().map(Attachment::to_body).collect();
        }
        body
    }
}

/// What Brevo returns for a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentEmail {
    /// `<..@..>`, as the webhooks repeat it.
    pub message_id: String,
    pub limit: Option<RateLimit>,
}

/// The allowance of the account, from the headers of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    pub limit: u64,
    pub remaining: u64,
    /// Until the allowance is full again.
    pub reset_after: Duration,
}

impl RateLimit {
    pub(super) fn from_headers(response: &Response) -> Option<Self> {
        let number = |name: &str| response.header(name)?.trim().parse().ok();
        Some(Self {
            limit: number("x-sib-ratelimit-limit")?,
            remaining: number("x-sib-ratelimit-remaining")?,
            reset_after: response.header_seconds("x-sib-ratelimit-reset")?,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct SentBody {
    #[serde(rename = "messageId")]
    pub(super) message_id: String,
}
