//! The life of a message, and the two kinds of call that Twilio makes to us.

use super::message::without_prefix;

/// Where a message stands. Callbacks come late, twice or out of order: apply them by [`Self::supersedes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageStatus {
    Accepted,
    Scheduled,
    Queued,
    Sending,
    Sent,
    Delivered,
    Read,
    Undelivered,
    Failed,
    Canceled,
    /// Inbound.
    Receiving,
    Received,
}

/// Twilio's words, with the rank of each; the last rank is for ends without delivery.
const STATUSES: [(MessageStatus, &str, u8); 12] = [
    (MessageStatus::Accepted, "accepted", 0),
    (MessageStatus::Scheduled, "scheduled", 0),
    (MessageStatus::Queued, "queued", 1),
    (MessageStatus::Sending, "sending", 2),
    (MessageStatus::Sent, "sent", 3),
    (MessageStatus::Delivered, "delivered", 4),
    (MessageStatus::Read, "read", 5),
    (MessageStatus::Undelivered, "undelivered", 6),
    (MessageStatus::Failed, "failed", 6),
    (MessageStatus::Canceled, "canceled", 6),
    (MessageStatus::Receiving, "receiving", 1),
    (MessageStatus::Received, "received", 4),
];

impl MessageStatus {
    /// Twilio's word for it, or `None` for a word that isn't known.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        STATUSES
            .iter()
            .find(|(_, word, _)| *word == text)
            .map(|(status, ..)| *status)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// Higher is later.
    #[must_use]
    pub fn rank(self) -> u8 {
        self.row().2
    }

    /// Ended without reaching the recipient.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self.rank() == 6
    }

    /// Whether this status, just told, replaces the `current` one. Failures replace anything but a
    /// proof of delivery, and nothing replaces them.
    #[must_use]
    pub fn supersedes(self, current: Self) -> bool {
        if self.is_failure() && current.rank() >= Self::Delivered.rank() {
            return false;
        }
        self.rank() > current.rank()
    }

    fn row(self) -> (Self, &'static str, u8) {
        STATUSES
            .iter()
            .copied()
            .find(|(status, ..)| *status == self)
            .unwrap_or(STATUSES[0])
    }
}

/// The fate of a message, as told to its `StatusCallback`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusCallback {
    pub message_sid: String,
    pub status: MessageStatus,
    pub error_code: Option<u32>,
}

impl StatusCallback {
    /// Reads the form; `None` where the sid or a known status is missing. Check the signature first.
    #[must_use]
    pub fn from_form(params: &[(String, String)]) -> Option<Self> {
        Some(Self {
            message_sid: field(params, "MessageSid")?.to_owned(),
            status: MessageStatus::parse(field(params, "MessageStatus")?)?,
            error_code: field(params, "ErrorCode").and_then(|code| code.parse().ok()),
        })
    }
}

/// A message from a recipient to us: opens the 24-hour window, and may say STOP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundMessage {
    pub message_sid: String,
    /// E.164, without prefix.
    pub from: String,
    pub to: String,
    pub body: String,
}

impl InboundMessage {
    /// Reads the form; `None` where sid or addresses are missing. Check the signature first.
    #[must_use]
    pub fn from_form(params: &[(String, String)]) -> Option<Self> {
        Some(Self {
            message_sid: field(params, "MessageSid")?.to_owned(),
            from: without_prefix(field(params, "From")?),
            to: without_prefix(field(params, "To")?),
            body: field(params, "Body").unwrap_or_default().to_owned(),
        })
    }
}

fn field<'a>(params: &'a [(String, String)], name: &str) -> Option<&'a str> {
    params
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::MessageStatus::{self, Delivered, Failed, Queued, Read, Sent, Undelivered};

    #[test]
    fn any_order_of_callbacks_ends_in_the_same_status() {
        let told = [Queued, Sent, Delivered, Read];
        for first in 0..4 {
            let mut now = Queued;
            for step in 0..8 {
                let status = told[(first + step * 3) % 4];
                now = if status.supersedes(now) { status } else { now };
            }
            assert_eq!(now, Read);
        }
    }

    #[test]
    fn a_failure_ends_a_message_but_never_undoes_a_delivery() {
        assert!(Failed.supersedes(Sent));
        assert!(!Undelivered.supersedes(Delivered));
        assert!(!Delivered.supersedes(Failed));
        assert!(!Failed.supersedes(Undelivered));
    }

    #[test]
    fn every_word_is_read_back() {
        for word in [
            "accepted",
            "queued",
            "sending",
            "sent",
            "delivered",
            "read",
            "failed",
            "undelivered",
            "canceled",
        ] {
            assert_eq!(
                MessageStatus::parse(word).map(MessageStatus::as_str),
                Some(word)
            );
        }
        assert_eq!(MessageStatus::parse("teleported"), None);
    }
}
