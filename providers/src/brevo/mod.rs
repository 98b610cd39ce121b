//! Brevo's transactional e-mail. Contract: API v3, `POST /smtp/email`.
//!
//! A send carries an idempotency key inside its JSON `headers`: with the same key on every try,
//! repeating one that is `Unknown` is harmless.

mod attachment;
mod codes;
mod webhook;

pub use attachment::Attachment;
pub use webhook::{BrevoEvent, EventKind, parse_events};

use std::fmt;
use std::time::Duration;

use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::error::{Provider, ProviderError};
use crate::http::{Answer, Call, Effect, Transport};
use crate::live::BrevoCredentials;

/// An e-mail to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEmail {
    pub to_email: String,
    pub to_name: Option<String>,
    pub subject: String,
    pub html: String,
    pub text: Option<String>,
    /// The same on every try of one send.
    pub idempotency_key: Uuid,
    /// Our id of the send: comes back in every webhook as `X-Mailin-custom`.
    pub reference: String,
    pub tags: Vec<String>,
    pub attachments: Vec<Attachment>,
}

/// What Brevo answered to a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentEmail {
    /// `<..@..>`, as the webhooks repeat it.
    pub message_id: String,
    pub limit: Option<RateLimit>,
}

/// The allowance as told with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    pub limit: u64,
    pub remaining: u64,
    /// Until the allowance is full again.
    pub reset_after: Duration,
}

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "messageId")]
    message_id: String,
}

/// The client of one Brevo account with one sender.
#[derive(Clone)]
pub struct Brevo {
    http: Transport,
    credentials: BrevoCredentials,
}

impl fmt::Debug for Brevo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brevo")
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

impl Brevo {
    pub(crate) fn new(client: Client, base: &str, credentials: BrevoCredentials) -> Self {
        let secrets: Vec<SecretString> = vec![
            credentials.api_key.clone(),
            credentials.webhook_token.clone(),
        ];
        Self {
            http: Transport::new(client, base, codes::refusal, secrets),
            credentials,
        }
    }

    /// Sends an e-mail.
    ///
    /// # Errors
    /// By the error map: `Retry` surely sent nothing, `Unknown` may have; repeating either with the same
    /// key is safe.
    pub async fn send_email(&self, email: &NewEmail) -> Result<SentEmail, ProviderError> {
        let call = Call {
            provider: Provider::Brevo,
            operation: "send_email",
            effect: Effect::Once,
        };
        let request = self
            .http
            .client
            .post(self.http.url("/smtp/email"))
            .header("api-key", self.credentials.api_key.expose_secret())
            .json(&self.body(email));
        let answer = self.http.send(call, request).await?;
        let created: Created = answer.json(&call)?;
        Ok(SentEmail {
            message_id: created.message_id,
            limit: rate_limit(&answer),
        })
    }

    /// Whether a webhook's token is ours; compared in constant time. Takes the bare token, or the
    /// `Authorization` header with `Bearer` in front.
    #[must_use]
    pub fn verify_webhook_token(&self, given: &str) -> bool {
        let given = given.strip_prefix("Bearer ").unwrap_or(given);
        self.credentials
            .webhook_token
            .expose_secret()
            .as_bytes()
            .ct_eq(given.as_bytes())
            .into()
    }

    fn body(&self, email: &NewEmail) -> Value {
        let headers = json!({
            "idempotencyKey": email.idempotency_key,
            "X-Mailin-custom": email.reference,
        });
        let mut to = json!({ "email": email.to_email });
        if let Some(name) = &email.to_name {
            to["name"] = json!(name);
        }
        let mut body = json!({
            "sender": { "email": self.credentials.sender_email, "name": self.credentials.sender_name },
            "to": [to],
            "subject": email.subject,
            "htmlContent": email.html,
            "headers": headers,
        });
        if let Some(text) = &email.text {
            body["textContent"] = json!(text);
        }
        if !email.tags.is_empty() {
            body["tags"] = json!(email.tags);
        }
        if !email.attachments.is_empty() {
            body["attachment"] = email.attachments.iter().map(Attachment::to_body).collect();
        }
        body
    }
}

fn rate_limit(answer: &Answer) -> Option<RateLimit> {
    let number = |name: &str| answer.header(name)?.trim().parse().ok();
    Some(RateLimit {
        limit: number("x-sib-ratelimit-limit")?,
        remaining: number("x-sib-ratelimit-remaining")?,
        reset_after: answer.seconds("x-sib-ratelimit-reset")?,
    })
}
