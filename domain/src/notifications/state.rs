//! Where a message stands. What a provider tells comes late, twice and out of order: states are
//! applied by rank, never backwards.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum MessageState {
    /// Ours to send.
    Queued,
    /// The provider has it.
    Sent,
    Delivered,
    Read,
    /// Refused, by the provider or by the channel.
    Failed,
    /// The channel gave up.
    Undelivered,
    /// Nobody can tell whether it was sent, so it isn't sent again.
    Undetermined,
    /// The recipient wants no messages, or can't get any.
    Suppressed,
    /// Out of date before it could be sent.
    Expired,
}

impl MessageState {
    /// The stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Undelivered => "undelivered",
            Self::Undetermined => "undetermined",
            Self::Suppressed => "suppressed",
            Self::Expired => "expired",
        }
    }

    /// Whether the provider's word `told` replaces this state: a later step replaces an earlier one, a
    /// failure anything but a proof of delivery, and any word replaces our not knowing.
    pub fn yields_to(self, told: Self) -> bool {
        match (self, told) {
            (_, Self::Queued | Self::Undetermined | Self::Suppressed) => false,
            (Self::Undetermined, _) => true,
            (Self::Queued | Self::Sent, Self::Failed | Self::Undelivered | Self::Expired) => true,
            (before, after) => match (before.step(), after.step()) {
                (Some(before), Some(after)) => after > before,
                _ => false,
            },
        }
    }

    fn step(self) -> Option<u8> {
        match self {
            Self::Queued => Some(0),
            Self::Sent => Some(1),
            Self::Delivered => Some(2),
            Self::Read => Some(3),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MessageState::{self, *};

    fn told(words: &[MessageState]) -> MessageState {
        let apply =
            |now: MessageState, word: &MessageState| if now.yields_to(*word) { *word } else { now };
        words.iter().fold(Queued, apply)
    }

    #[test]
    fn any_order_and_any_repetition_end_in_the_same_state() {
        for words in [
            [Sent, Delivered, Read],
            [Read, Delivered, Sent],
            [Delivered, Read, Delivered],
            [Read, Sent, Read],
        ] {
            assert_eq!(told(&words), Read);
        }
    }

    #[test]
    fn a_failure_is_final_and_never_undoes_a_delivery() {
        assert_eq!(told(&[Sent, Failed, Delivered, Undelivered]), Failed);
        assert_eq!(told(&[Delivered, Undelivered]), Delivered);
        assert_eq!(told(&[Sent, Undelivered]), Undelivered);
    }

    #[test]
    fn a_late_word_settles_what_nobody_knew() {
        assert!(Undetermined.yields_to(Delivered));
        assert!(Undetermined.yields_to(Failed));
        assert!(!Suppressed.yields_to(Sent));
        assert!(!Expired.yields_to(Sent));
    }
}
