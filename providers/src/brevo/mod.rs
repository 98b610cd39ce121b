//! Brevo's transactional e-mail. Contract: API v3, `POST /smtp/email`.
//!
//! A send carries an idempotency key inside its JSON `headers`. With the same key on every attempt,
//! repeating a send after `Unknown` is harmless.

mod attachment;
mod email;
mod error_code;
mod operation;
pub(crate) mod sandbox;
mod webhook;

pub use attachment::Attachment;
pub use email::{NewEmail, RateLimit, SentEmail};
pub use operation::BrevoOperation;
pub use webhook::{BrevoEvent, EventKind, parse_events};

use std::fmt;

use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::error::ProviderError;
use crate::http::{Authorization, Transport};
use crate::provider::Operation;
use email::SentBody;

pub(crate) const LIVE_URL: &str = "https://api.brevo.com";
pub(crate) const SECRET_PREFIXES: &[&str] = &["xkeysib-", "xsmtpsib-"];

/// API key, the address that mails come from, and the token that webhooks must carry.
#[derive(Debug, Clone)]
pub struct BrevoCredentials {
    pub api_key: SecretString,
    pub sender_email: String,
    pub sender_name: String,
    pub webhook_token: SecretString,
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
    pub(crate) fn new(connection: (Client, String), credentials: BrevoCredentials) -> Self {
        let authorization = Authorization::Header {
            name: "api-key",
            key: credentials.api_key.clone(),
        };
        let secrets = vec![
            credentials.api_key.clone(),
            credentials.webhook_token.clone(),
        ];
        Self {
            http: Transport::new(
                connection,
                authorization,
                error_code::classify_error,
                secrets,
            ),
            credentials,
        }
    }

    /// Sends an e-mail.
    ///
    /// # Errors
    /// After `Retry` nothing was sent, after `Unknown` the e-mail may be on its way; repeating
    /// either with the same key is safe.
    pub async fn send_email(&self, email: &NewEmail) -> Result<SentEmail, ProviderError> {
        let response = self
            .http
            .post(
                Operation::Brevo(BrevoOperation::SendEmail),
                "/v3/smtp/email",
            )
            .json(&email.to_body(&self.credentials))
            .send()
            .await?;
        response.read(|body: SentBody| {
            Ok(SentEmail {
                message_id: body.message_id,
                limit: RateLimit::from_headers(&response),
            })
        })
    }

    /// Whether a webhook's token is ours; compared in constant time. Accepts the bare token and the
    /// `Authorization` header that begins with `Bearer`.
    #[must_use]
    pub fn verify_webhook_token(&self, token: &str) -> bool {
        let token = token.strip_prefix("Bearer ").unwrap_or(token);
        let expected = self.credentials.webhook_token.expose_secret();
        expected.as_bytes().ct_eq(token.as_bytes()).into()
    }
}
