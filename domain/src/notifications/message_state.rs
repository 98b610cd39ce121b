//! The state of a message. Delivery statuses arrive late, twice and out of order, so a status is
//! applied by rank and never moves a message backwards.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum MessageState {
    /// Not sent yet.
    Queued,
    /// Accepted by the provider.
    Sent,
    Delivered,
    Read,
    /// Rejected by the provider or by the channel.
    Failed,
    /// The channel stopped its attempts to deliver.
    Undelivered,
    /// Unknown whether it was sent, so it isn't sent again.
    Undetermined,
    /// The recipient's address is suppressed.
    Suppressed,
    /// Expired before it could be sent.
    Expired,
    /// Its job was cancelled before it could be sent.
    Cancelled,
}

impl MessageState {
    /// Returns the stored text.
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
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the delivery status `next` replaces this state. A later step replaces an earlier
    /// one, a failure replaces anything but a delivery, and every status replaces `Undetermined`.
    pub(super) fn is_replaced_by(self, next: Self) -> bool {
        match (self, next) {
            (_, Self::Queued | Self::Undetermined | Self::Suppressed | Self::Cancelled) => false,
            (Self::Undetermined, _) => true,
            (Self::Queued | Self::Sent, Self::Failed | Self::Undelivered | Self::Expired) => true,
            (before, after) => match (before.delivery_step(), after.delivery_step()) {
                (Some(before), Some(after)) => after > before,
                (None, _) | (_, None) => false,
            },
        }
    }

    /// Returns the position on the way to the reader; `None` = a final state without delivery.
    fn delivery_step(self) -> Option<u8> {
        match self {
            Self::Queued => Some(0),
            Self::Sent => Some(1),
            Self::Delivered => Some(2),
            Self::Read => Some(3),
            Self::Failed
            | Self::Undelivered
            | Self::Undetermined
            | Self::Suppressed
            | Self::Expired
            | Self::Cancelled => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MessageState::{self, *};

    /// Returns the state of a queued message after the statuses.
    fn apply_statuses(statuses: &[MessageState]) -> MessageState {
        statuses.iter().fold(Queued, |state, next| {
            if state.is_replaced_by(*next) {
                *next
            } else {
                state
            }
        })
    }

    #[test]
    fn any_order_and_any_repetition_end_in_the_same_state() {
        for statuses in [
            [Sent, Delivered, Read],
            [Read, Delivered, Sent],
            [Delivered, Read, Delivered],
            [Read, Sent, Read],
        ] {
            assert_eq!(apply_statuses(&statuses), Read);
        }
    }

    #[test]
    fn a_failure_is_final_and_never_undoes_a_delivery() {
        assert_eq!(
            apply_statuses(&[Sent, Failed, Delivered, Undelivered]),
            Failed
        );
        assert_eq!(apply_statuses(&[Delivered, Undelivered]), Delivered);
        assert_eq!(apply_statuses(&[Sent, Undelivered]), Undelivered);
    }

    #[test]
    fn a_late_status_replaces_undetermined_and_no_other_final_state() {
        assert!(Undetermined.is_replaced_by(Delivered));
        assert!(Undetermined.is_replaced_by(Failed));
        assert!(!Suppressed.is_replaced_by(Sent));
        assert!(!Expired.is_replaced_by(Sent));
        assert!(!Cancelled.is_replaced_by(Sent));
    }
}
