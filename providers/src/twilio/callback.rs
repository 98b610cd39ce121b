//! The two kinds of callback that Twilio makes: the status of our messages, and messages to us.

use std::borrow::Cow;

use super::message::strip_prefix;
use super::status::MessageStatus;
use crate::clean::clean_text;

/// The status of a message, as sent to its `StatusCallback`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusCallback {
    pub message_sid: String,
    pub status: MessageStatus,
    pub error_code: Option<u32>,
}

impl StatusCallback {
    /// Parses the form; `None` without a sid or a known status. Verify the signature first.
    #[must_use]
    pub fn from_form(params: &[(String, String)]) -> Option<Self> {
        Some(Self {
            message_sid: find_field(params, "MessageSid")?.into_owned(),
            status: MessageStatus::parse(&find_field(params, "MessageStatus")?)?,
            error_code: find_field(params, "ErrorCode").and_then(|code| code.parse().ok()),
        })
    }
}

/// A message from a recipient to us: it opens the 24-hour window and may be an opt-out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundMessage {
    pub message_sid: String,
    /// E.164, without prefix.
    pub from: String,
    pub to: String,
    pub body: String,
}

impl InboundMessage {
    /// Parses the form; `None` without sid or addresses. Verify the signature first.
    #[must_use]
    pub fn from_form(params: &[(String, String)]) -> Option<Self> {
        Some(Self {
            message_sid: find_field(params, "MessageSid")?.into_owned(),
            from: strip_prefix(&find_field(params, "From")?),
            to: strip_prefix(&find_field(params, "To")?),
            body: find_field(params, "Body").unwrap_or_default().into_owned(),
        })
    }
}

fn find_field<'a>(params: &'a [(String, String)], name: &str) -> Option<Cow<'a, str>> {
    params
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| clean_text(value))
}
