//! Every query of the area.

mod contact_window;
mod content_sid;
mod delivery_status;
mod effect;
mod message;
mod message_end;
mod notification;
mod outgoing;
mod sender_pause;
mod suppression;

pub use contact_window::{close_contact_window, record_inbound};
pub use content_sid::{find_content_sid, set_content_sid};
pub use delivery_status::{
    DeliveryFailure, DeliveryOutcome, DeliveryStatus, record_delivery_status,
};
pub use effect::{
    OpenEffect, SETTLE_DELAY, list_assigned_provider_ids, mark_absent, mark_unknown, mark_waiting,
    record_sent,
};
pub use message::{
    ListedMessage, MessageFilter, list_messages, list_messages_of_alert, require_message,
};
pub use message_end::{MESSAGE_LIFETIME, end_message, mark_undetermined, requeue_message};
pub(crate) use notification::create_code_message;
pub use notification::{
    NewNotification, create_email_fallback, create_notifications, notify_admins,
    record_not_notified,
};
pub use outgoing::{MessageClaim, Outgoing, claim_message};
pub use sender_pause::{PauseClass, SenderPause, find_pause_end, list_sender_pauses, pause_sender};
pub(crate) use suppression::is_suppressed;
pub use suppression::{
    ListedSuppression, SuppressionReason, add_suppression, lift_invalid_recipient,
    lift_suppression, list_suppressions, require_suppression, suppress_effect_recipient,
    suppress_recipient,
};
