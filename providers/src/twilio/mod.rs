//! Twilio's Messaging API, as far as WhatsApp messages need it. Contract: REST 2010-04-01.
//!
//! Creating a message has no idempotency key: after `Class::Unknown`, look the message up with
//! [`Twilio::find_messages`] before sending again.

mod callback;
mod error_code;
mod message;
mod operation;
pub(crate) mod sandbox;
mod signature;
mod status;

pub use callback::{InboundMessage, StatusCallback};
pub use error_code::{class_of, retry_wait};
pub use message::{Content, Message, MessagePage, MessageQuery, NewMessage, PageUri};
pub use operation::TwilioOperation;
pub use signature::sign_callback;
pub use status::MessageStatus;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};

use crate::error::ProviderError;
use crate::http::{Authorization, Request, Transport};
use crate::provider::Operation;
use message::{MessageBody, PageBody};

pub(crate) const LIVE_URL: &str = "https://api.twilio.com";

/// Twilio's own upper bound of a page.
const MAX_PAGE_MESSAGES: u16 = 1000;
/// Pages that one search reads at most. Nobody gets more messages within the hours of a search.
const MAX_LIST_PAGES: usize = 10;

/// Account, its primary token (which also signs callbacks) and the WhatsApp sender in E.164.
#[derive(Debug, Clone)]
pub struct TwilioCredentials {
    pub account_sid: String,
    pub auth_token: SecretString,
    pub whatsapp_from: String,
}

/// The client of one Twilio account with one WhatsApp sender.
#[derive(Clone)]
pub struct Twilio {
    http: Transport,
    credentials: TwilioCredentials,
}

impl fmt::Debug for Twilio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Twilio")
            .field("http", &self.http)
            .finish_non_exhaustive()
    }
}

impl Twilio {
    pub(crate) fn new(connection: (Client, String), credentials: TwilioCredentials) -> Self {
        let authorization = Authorization::Basic {
            user: credentials.account_sid.clone(),
            password: credentials.auth_token.clone(),
        };
        let secrets = vec![credentials.auth_token.clone()];
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

    /// The sender in E.164, without the `whatsapp:` prefix.
    #[must_use]
    pub fn whatsapp_from(&self) -> &str {
        &self.credentials.whatsapp_from
    }

    /// Sends a message. Its status is the initial one (`queued`), which no callback reports.
    ///
    /// # Errors
    /// `Unknown` after a timeout, a lost connection or a 5xx; else by the table of error codes.
    pub async fn create_message(&self, message: &NewMessage) -> Result<Message, ProviderError> {
        let operation = Operation::Twilio(TwilioOperation::CreateMessage);
        self.http
            .post(operation, &self.account_path("Messages.json"))
            .form(&message.to_form(self.whatsapp_from()))
            .read(MessageBody::into_message)
            .await
    }

    /// Returns the present state of a message.
    ///
    /// # Errors
    /// `Permanent` with status 404 for a sid that the account doesn't have.
    pub async fn fetch_message(&self, sid: &str) -> Result<Message, ProviderError> {
        let operation = Operation::Twilio(TwilioOperation::FetchMessage);
        self.http
            .get(
                operation,
                &self.account_path(&format!("Messages/{sid}.json")),
            )
            .read(MessageBody::into_message)
            .await
    }

    /// Returns the first page of our sender's messages that match, newest first.
    pub async fn list_messages(&self, query: &MessageQuery) -> Result<MessagePage, ProviderError> {
        self.list_request(&self.account_path("Messages.json"))
            .query(&query.to_pairs(self.whatsapp_from()))
            .read(PageBody::into_page)
            .await
    }

    /// Returns a further page.
    pub async fn next_page(&self, page: &PageUri) -> Result<MessagePage, ProviderError> {
        self.list_request(page.as_str())
            .read(PageBody::into_page)
            .await
    }

    /// Returns every message of our sender to `to` (E.164) created in `since..=until`.
    ///
    /// The request has no date filter, because a queued message has no `DateSent` yet and could be
    /// left out. Pages come newest first, so that reading stops at the window's start.
    ///
    /// # Errors
    /// `Retry` for a list without an end, too.
    pub async fn find_messages(
        &self,
        to: &str,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<Message>, ProviderError> {
        let query = MessageQuery {
            to: Some(to.to_owned()),
            page_size: MAX_PAGE_MESSAGES,
            ..MessageQuery::default()
        };
        // Twilio's times are whole seconds, rounded down.
        let since = since - TimeDelta::seconds(1);
        let mut page = self.list_messages(&query).await?;
        let mut found = Vec::new();
        for _ in 0..MAX_LIST_PAGES {
            let reached_start = page.messages.iter().any(|m| m.created_at < since);
            let in_window = |m: &Message| (since..=until).contains(&m.created_at);
            found.extend(page.messages.into_iter().filter(in_window));
            match page.next {
                Some(next) if !reached_start => page = self.next_page(&next).await?,
                Some(_) | None => return Ok(found),
            }
        }
        let operation = Operation::Twilio(TwilioOperation::ListMessages);
        let text = "the list of messages has no end";
        Err(ProviderError::interrupted(operation, text))
    }

    /// Whether a form-encoded callback was signed with our token. `url` is the public address
    /// exactly as sent to Twilio, query included; `params` are all fields of the callback.
    #[must_use]
    pub fn verify_signature(
        &self,
        url: &str,
        params: &[(String, String)],
        signature: &str,
    ) -> bool {
        let token = self.credentials.auth_token.expose_secret();
        signature::is_signed(token, url, params, signature)
    }

    fn list_request(&self, path: &str) -> Request<'_> {
        let operation = Operation::Twilio(TwilioOperation::ListMessages);
        self.http.get(operation, path)
    }

    fn account_path(&self, tail: &str) -> String {
        let account_sid = &self.credentials.account_sid;
        format!("/2010-04-01/Accounts/{account_sid}/{tail}")
    }
}
