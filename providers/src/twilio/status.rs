//! The states of a message and their order.

/// The state of a message. Callbacks come late, twice or out of order: apply them by
/// [`Self::supersedes`].
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
    /// Of inbound messages, as `Received`.
    Receiving,
    Received,
}

impl MessageStatus {
    #[cfg(test)]
    const ALL: [Self; 12] = [
        Self::Accepted,
        Self::Scheduled,
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Undelivered,
        Self::Failed,
        Self::Canceled,
        Self::Receiving,
        Self::Received,
    ];

    /// Parses Twilio's word; `None` for an unknown one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "accepted" => Self::Accepted,
            "scheduled" => Self::Scheduled,
            "queued" => Self::Queued,
            "sending" => Self::Sending,
            "sent" => Self::Sent,
            "delivered" => Self::Delivered,
            "read" => Self::Read,
            "undelivered" => Self::Undelivered,
            "failed" => Self::Failed,
            "canceled" => Self::Canceled,
            "receiving" => Self::Receiving,
            "received" => Self::Received,
            _ => return None,
        })
    }

    /// Twilio's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Scheduled => "scheduled",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Receiving => "receiving",
            Self::Received => "received",
        }
    }

    /// The order of the statuses: a higher rank is later.
    fn rank(self) -> u8 {
        match self {
            Self::Accepted | Self::Scheduled => 0,
            Self::Queued | Self::Receiving => 1,
            Self::Sending => 2,
            Self::Sent => 3,
            Self::Delivered | Self::Received => 4,
            Self::Read => 5,
            Self::Undelivered | Self::Failed | Self::Canceled => 6,
        }
    }

    /// Whether the message ended without reaching the recipient.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Undelivered | Self::Failed | Self::Canceled)
    }

    /// Whether this status replaces the `current` one. A failure replaces any status without proof
    /// of delivery, and no status replaces a failure.
    #[must_use]
    pub fn supersedes(self, current: Self) -> bool {
        if self.is_failure() && current.rank() >= Self::Delivered.rank() {
            return false;
        }
        self.rank() > current.rank()
    }
}

#[cfg(test)]
mod tests {
    use super::MessageStatus::{self, Delivered, Failed, Queued, Read, Sent, Undelivered};

    #[test]
    fn any_order_of_callbacks_ends_in_the_same_status() {
        let callbacks = [Queued, Sent, Delivered, Read];
        for first in 0..4 {
            let mut now = Queued;
            for step in 0..8 {
                let status = callbacks[(first + step * 3) % 4];
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
    fn every_word_is_parsed_back() {
        for status in MessageStatus::ALL {
            assert_eq!(MessageStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(MessageStatus::parse("teleported"), None);
    }
}
