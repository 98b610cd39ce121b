//! Notifications: messages and their rendering, the state of each message, suppressed addresses,
//! and the ledger of the attempts to send.
//!
//! In reading order: `channel`, `cause`, `template`, `sealed_code`, `rendering`,
//! `message_state`, `inbound`, `store`. Store functions return
//! [`Error::Database`](crate::Error::Database) when a statement fails or a stored value is corrupt.

mod cause;
mod channel;
mod inbound;
mod message_state;
mod rendering;
mod sealed_code;
mod store;
mod template;

pub use cause::{NotNotifiedReason, NotificationCause};
pub use channel::{Channel, SentAs};
pub use inbound::{InboundKeyword, parse_keyword};
pub use message_state::MessageState;
pub use rendering::{Rendered, render_message};
pub use sealed_code::SealedCode;
pub use store::{
    DeliveryFailure, DeliveryOutcome, DeliveryStatus, ListedMessage, ListedSuppression,
    MESSAGE_LIFETIME, MessageClaim, MessageFilter, NewNotification, OpenEffect, Outgoing,
    PauseClass, SETTLE_DELAY, SenderPause, SuppressionReason, add_suppression, claim_message,
    close_contact_window, create_email_fallback, create_notifications, end_message,
    find_content_sid, find_pause_end, lift_invalid_recipient, lift_suppression,
    list_assigned_provider_ids, list_messages, list_messages_of_alert, list_sender_pauses,
    list_suppressions, mark_absent, mark_undetermined, mark_unknown, mark_waiting, notify_admins,
    pause_sender, record_delivery_status, record_inbound, record_not_notified, record_sent,
    requeue_message, require_message, require_suppression, set_content_sid,
    suppress_effect_recipient, suppress_recipient,
};
pub(crate) use store::{create_code_message, is_suppressed};
pub use template::Template;

platform::id_type!(MessageId, "One message to one recipient on one channel.");
platform::id_type!(
    EffectId,
    "One attempt to send a message through a provider."
);
platform::id_type!(SuppressionId, "One suppressed address.");
