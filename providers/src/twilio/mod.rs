//! Twilio's Messaging API, as far as WhatsApp messages need it. Contract: REST 2010-04-01.
//!
//! Creating a message has no idempotency key: after `Class::Unknown`, look for it with
//! [`Twilio::find_messages`] before anything is sent again.

mod codes;
mod message;
mod signature;
mod status;

pub use codes::{again_after, class_of};
pub use message::{Content, Message, MessagePage, MessageQuery, NewMessage};
pub use signature::{sign, verify};
pub use status::{InboundMessage, MessageStatus, StatusCallback};

use std::fmt;

use chrono::{DateTime, Utc};
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Provider, ProviderError};
use crate::http::{Call, Effect, Transport};
use crate::live::TwilioCredentials;
use message::{MessageBody, PageBody};

/// Twilio's own upper bound for a page.
const PAGE_SIZE: u16 = 1000;

/// Where a page of a list lies, as Twilio gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageUri(String);

/// The client of one Twilio account with one WhatsApp sender.
#[derive(Clone)]
pub struct Twilio {
    http: Transport,
    account_sid: String,
    auth_token: SecretString,
    whatsapp_from: String,
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio")
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

impl Twilio {
    pub(crate) fn new(client: Client, base: &str, credentials: TwilioCredentials) -> Self {
        let secrets = vec![credentials.auth_token.clone()];
        Self {
            http: Transport::new(client, base, codes::refusal, secrets),
            account_sid: credentials.account_sid,
            auth_token: credentials.auth_token,
            whatsapp_from: credentials.whatsapp_from,
        }
    }

    /// The sender in E.164, without the `whatsapp:` prefix.
    #[must_use]
    pub fn whatsapp_from(&self) -> &str {
        &self.whatsapp_from
    }

    /// Sends a message. The status is the initial one (`queued`): no callback tells it.
    ///
    /// # Errors
    /// `Unknown` after a time-out, a lost connection or a 5xx; else by the error map.
    pub async fn create_message(&self, message: &NewMessage) -> Result<Message, ProviderError> {
        let call = call("create_message", Effect::Once);
        let request = self
            .http
            .client
            .post(self.messages_url())
            .form(&message.form(&self.whatsapp_from));
        let body: MessageBody = self.http.json(call, self.signed_in(request)).await?;
        body.into_message(&call)
    }

    /// The message as it stands now.
    ///
    /// # Errors
    /// `Permanent` with status 404 for a sid that the account doesn't have.
    pub async fn fetch_message(&self, sid: &str) -> Result<Message, ProviderError> {
        let call = call("fetch_message", Effect::Repeatable);
        let path = format!(
            "/2010-04-01/Accounts/{}/Messages/{sid}.json",
            self.account_sid
        );
        let request = self.http.client.get(self.http.url(&path));
        let body: MessageBody = self.http.json(call, self.signed_in(request)).await?;
        body.into_message(&call)
    }

    /// The first page of our sender's messages that match, newest first.
    ///
    /// # Errors
    /// By the error map; repeating is harmless.
    pub async fn list_messages(&self, query: &MessageQuery) -> Result<MessagePage, ProviderError> {
        let request = self
            .http
            .client
            .get(self.messages_url())
            .query(&query.pairs(&self.whatsapp_from));
        self.page(request).await
    }

    /// A further page.
    ///
    /// # Errors
    /// As [`Twilio::list_messages`].
    pub async fn next_page(&self, page: &PageUri) -> Result<MessagePage, ProviderError> {
        self.page(self.http.client.get(self.http.url(&page.0)))
            .await
    }

    /// Every message of our sender to `to` (E.164) that was created in `since..=until`.
    ///
    /// Asks without a date, because a message still in the queue has no `DateSent` yet and a date
    /// filter could hide it; pages come newest first, so that reading stops at the window's start.
    ///
    /// # Errors
    /// As [`Twilio::list_messages`].
    pub async fn find_messages(
        &self,
        to: &str,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Message>, ProviderError> {
        let query = MessageQuery {
            to: Some(to.to_owned()),
            page_size: PAGE_SIZE,
            ..MessageQuery::default()
        };
        // Twilio's times are whole seconds, rounded down.
        let since = since - chrono::Duration::seconds(1);
        let mut page = self.list_messages(&query).await?;
        let mut found = Vec::new();
        loop {
            let passed = page.messages.iter().any(|m| m.created_at < since);
            found.extend(
                page.messages
                    .into_iter()
                    .filter(|m| (since..=until).contains(&m.created_at)),
            );
            match page.next {
                Some(next) if !passed => page = self.next_page(&next).await?,
                _ => return Ok(found),
            }
        }
    }

    /// Whether a form-encoded callback was signed with our token. `url` is the public address
    /// exactly as Twilio was given it, query included; `params` are all fields that came.
    #[must_use]
    pub fn verify_signature(
        &self,
        url: &str,
        params: &[(String, String)],
        signature: &str,
    ) -> bool {
        verify(self.auth_token.expose_secret(), url, params, signature)
    }

    fn messages_url(&self) -> String {
        self.http.url(&format!(
            "/2010-04-01/Accounts/{}/Messages.json",
            self.account_sid
        ))
    }

    fn signed_in(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.account_sid, Some(self.auth_token.expose_secret()))
    }

    async fn page(&self, request: RequestBuilder) -> Result<MessagePage, ProviderError> {
        let call = call("list_messages", Effect::Repeatable);
        let body: PageBody = self.http.json(call, self.signed_in(request)).await?;
        body.into_page(&call)
    }
}

fn call(operation: &'static str, effect: Effect) -> Call {
    Call {
        provider: Provider::Twilio,
        operation,
        effect,
    }
}
