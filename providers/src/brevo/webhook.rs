//! Brevo's transactional webhook: one event or an array of them. It is not signed;
//! [`super::Brevo::verify_webhook_token`] verifies its token.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::clean::clean_json;

/// What happened to an e-mail. Brevo's other words become [`EventKind::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    Requested,
    Delivered,
    Opened,
    Clicked,
    /// Brevo retries by itself.
    Deferred,
    SoftBounce,
    HardBounce,
    Blocked,
    InvalidEmail,
    Spam,
    Unsubscribed,
    Error,
    Other,
}

impl EventKind {
    fn parse(word: &str) -> Self {
        match word {
            "request" => Self::Requested,
            "delivered" => Self::Delivered,
            "opened" | "unique_opened" => Self::Opened,
            "click" => Self::Clicked,
            "deferred" => Self::Deferred,
            "soft_bounce" => Self::SoftBounce,
            "hard_bounce" => Self::HardBounce,
            "blocked" => Self::Blocked,
            "invalid_email" => Self::InvalidEmail,
            "spam" => Self::Spam,
            "unsubscribed" => Self::Unsubscribed,
            "error" => Self::Error,
            _ => Self::Other,
        }
    }

    /// Whether no more mail may be sent to the address.
    #[must_use]
    pub fn suppresses(self) -> bool {
        matches!(
            self,
            Self::HardBounce | Self::Blocked | Self::InvalidEmail | Self::Spam | Self::Unsubscribed
        )
    }
}

/// One event. Brevo sends no event id: (message, event, address, time, link) identifies an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrevoEvent {
    pub kind: EventKind,
    /// Brevo's own word.
    pub event: String,
    pub email: String,
    pub message_id: String,
    /// Our id of the send, where the event carries it.
    pub reference: Option<String>,
    pub at: Option<DateTime<Utc>>,
    pub link: Option<String>,
    pub reason: Option<String>,
    pub tags: Vec<String>,
}

#[derive(Deserialize)]
struct Body {
    event: String,
    #[serde(default)]
    email: String,
    #[serde(rename = "message-id", default)]
    message_id: String,
    #[serde(rename = "X-Mailin-custom")]
    reference: Option<String>,
    ts_epoch: Option<i64>,
    ts_event: Option<i64>,
    ts: Option<i64>,
    link: Option<String>,
    reason: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
}

/// Parses a webhook's body. Elements of an array that aren't events are left out. Fails where the
/// body isn't JSON, or neither an object nor an array.
pub fn parse_events(body: &[u8]) -> Result<Vec<BrevoEvent>, serde_json::Error> {
    match serde_json::from_str(&clean_json(body))? {
        Value::Array(items) => Ok(items
            .into_iter()
            .filter_map(|item| parse_event(item).ok())
            .collect()),
        item => Ok(vec![parse_event(item)?]),
    }
}

fn parse_event(item: Value) -> Result<BrevoEvent, serde_json::Error> {
    let body: Body = serde_json::from_value(item)?;
    let seconds = body
        .ts_event
        .or(body.ts)
        .and_then(|ts| DateTime::from_timestamp(ts, 0));
    Ok(BrevoEvent {
        kind: EventKind::parse(&body.event),
        event: body.event,
        email: body.email,
        message_id: body.message_id,
        reference: body.reference,
        at: body
            .ts_epoch
            .and_then(DateTime::from_timestamp_millis)
            .or(seconds),
        link: body.link,
        reason: body.reason,
        tags: body.tags,
    })
}

#[cfg(test)]
mod tests {
    use super::{EventKind, parse_events};

    const DELIVERED: &str = r#"{"event":"delivered","email":"awa@example.sn","id":12,
        "message-id":"<1@x>","date":"2026-01-01 02:00:00",
        "ts":1767225600,"ts_event":1767225600,"ts_epoch":1767225600123,
        "X-Mailin-custom":"send-1","tags":["alert"]}"#;

    #[test]
    fn one_event_and_an_array_are_parsed_alike() {
        let one = parse_events(DELIVERED.as_bytes()).unwrap();
        let many = parse_events(format!("[{DELIVERED},{{\"x\":1}}]").as_bytes()).unwrap();
        assert_eq!(one, many);
        assert_eq!(one[0].kind, EventKind::Delivered);
        assert_eq!(one[0].reference.as_deref(), Some("send-1"));
        assert_eq!(one[0].at.unwrap().timestamp_millis(), 1_767_225_600_123);
    }

    #[test]
    fn bounces_and_complaints_suppress_and_deferrals_do_not() {
        for (event, suppresses) in [
            ("hard_bounce", true),
            ("spam", true),
            ("unsubscribed", true),
            ("soft_bounce", false),
            ("deferred", false),
            ("proxy_open", false),
        ] {
            let body = format!(r#"{{"event":"{event}","email":"a@b.sn","message-id":"<1@x>"}}"#);
            assert_eq!(
                parse_events(body.as_bytes()).unwrap()[0].kind.suppresses(),
                suppresses,
                "{event}"
            );
        }
        assert!(parse_events(b"not json").is_err());
        assert!(parse_events(b"42").is_err());
    }
}
