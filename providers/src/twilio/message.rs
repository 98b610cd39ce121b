//! A WhatsApp message: the one to send, the one that Twilio has, and the queries for them.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use super::status::MessageStatus;
use crate::response::Misread;

/// Twilio's bounds of `ValidityPeriod`, in seconds.
const VALIDITY_SECONDS: std::ops::RangeInclusive<u64> = 1..=36_000;

/// The text of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Free text: only within 24 hours of the recipient's last message to us.
    Text(String),
    /// An approved template by its sid (`HX..`), variables by name (`1`, `2`).
    Template {
        content_sid: String,
        variables: BTreeMap<String, String>,
    },
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// E.164, without prefix.
    pub to: String,
    pub content: Content,
    /// Where Twilio reports each status of the message; contains the effect's id.
    pub status_callback: Option<String>,
    /// How long the message may wait in Twilio's queue, 1 s to 10 h.
    pub validity: Option<Duration>,
}

impl NewMessage {
    pub(super) fn to_form(&self, from: &str) -> Vec<(&'static str, String)> {
        let mut form = vec![("To", add_prefix(&self.to)), ("From", add_prefix(from))];
        match &self.content {
            Content::Text(text) => form.push(("Body", text.clone())),
            Content::Template {
                content_sid,
                variables,
            } => {
                form.push(("ContentSid", content_sid.clone()));
                if !variables.is_empty() {
                    form.push(("ContentVariables", serde_json::json!(variables).to_string()));
                }
            }
        }
        if let Some(url) = &self.status_callback {
            form.push(("StatusCallback", url.clone()));
        }
        if let Some(validity) = self.validity {
            let seconds = validity
                .as_secs()
                .clamp(*VALIDITY_SECONDS.start(), *VALIDITY_SECONDS.end());
            form.push(("ValidityPeriod", seconds.to_string()));
        }
        form
    }
}

/// A message in Twilio's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub sid: String,
    pub status: MessageStatus,
    /// E.164, without prefix.
    pub to: String,
    pub from: String,
    /// The text; for a template, as rendered by Twilio.
    pub body: String,
    pub error_code: Option<u32>,
    pub created_at: DateTime<Utc>,
    /// Absent while the message is queued.
    pub sent_at: Option<DateTime<Utc>>,
}

/// Which messages to list. Days are UTC and match the day of sending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageQuery {
    /// E.164, without prefix.
    pub to: Option<String>,
    pub sent_from_day: Option<NaiveDate>,
    pub sent_to_day: Option<NaiveDate>,
    /// 1 to 1000; with 0 Twilio's default of 50 holds.
    pub page_size: u16,
}

impl MessageQuery {
    pub(super) fn to_pairs(&self, from: &str) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("From", add_prefix(from))];
        pairs.extend(self.to.as_deref().map(|to| ("To", add_prefix(to))));
        pairs.extend(self.sent_from_day.map(|day| ("DateSent>", day.to_string())));
        pairs.extend(self.sent_to_day.map(|day| ("DateSent<", day.to_string())));
        if self.page_size > 0 {
            pairs.push(("PageSize", self.page_size.to_string()));
        }
        pairs
    }
}

/// Where a further page is, as Twilio returned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageUri(String);

impl PageUri {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePage {
    pub messages: Vec<Message>,
    pub next: Option<PageUri>,
}

#[derive(Deserialize)]
pub(super) struct MessageBody {
    sid: String,
    status: String,
    to: Option<String>,
    from: Option<String>,
    body: Option<String>,
    error_code: Option<u32>,
    date_created: Option<String>,
    date_sent: Option<String>,
}

impl MessageBody {
    pub(super) fn into_message(self) -> Result<Message, Misread> {
        let status = MessageStatus::parse(&self.status)
            .ok_or_else(|| Misread(format!("status {}", self.status)))?;
        let created_at = parse_time(self.date_created.as_deref())
            .ok_or_else(|| Misread("date_created".to_owned()))?;
        Ok(Message {
            status,
            created_at,
            sent_at: parse_time(self.date_sent.as_deref()),
            sid: self.sid,
            to: strip_prefix(self.to.as_deref().unwrap_or_default()),
            from: strip_prefix(self.from.as_deref().unwrap_or_default()),
            body: self.body.unwrap_or_default(),
            error_code: self.error_code,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct PageBody {
    messages: Vec<MessageBody>,
    next_page_uri: Option<String>,
}

impl PageBody {
    pub(super) fn into_page(self) -> Result<MessagePage, Misread> {
        let messages = self.messages.into_iter().map(MessageBody::into_message);
        Ok(MessagePage {
            messages: messages.collect::<Result<_, _>>()?,
            next: self.next_page_uri.map(PageUri),
        })
    }
}

fn add_prefix(number: &str) -> String {
    format!("whatsapp:{number}")
}

pub(super) fn strip_prefix(address: &str) -> String {
    address
        .strip_prefix("whatsapp:")
        .unwrap_or(address)
        .to_owned()
}

fn parse_time(text: Option<&str>) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text?)
        .ok()
        .map(|at| at.with_timezone(&Utc))
}
