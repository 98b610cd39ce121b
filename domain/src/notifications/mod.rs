//! Notifications: messages in words, where each stands, whom not to write to, and the ledger of what
//! was asked of the providers. In reading order: `channel`, `template`, `state`, `inbound`, `store`.

mod channel;
mod inbound;
mod state;
mod store;
mod template;

pub use channel::Channel;
pub use inbound::{Wish, wish};
pub use state::MessageState;
pub use store::{
    Applied, Claimed, Failure, ListedMessage, ListedSuppression, MessageFilter, NewNotice,
    OpenEffect, Outgoing, SuppressionReason, Told, WORTH_SENDING, add_suppression, apply_told,
    claim_message, create_notices, end_unsent, find_message, find_suppression, forget_window,
    known_content_sid, lift_suppression, list_messages, list_messages_of_alert, list_suppressions,
    mark_absent, mark_undetermined, mark_unknown, mark_waiting, note_unreachable, record_inbound,
    record_sent, set_content_sid, suppress, suppress_recipient_of, take_up, taken_provider_ids,
    tell_admins, tell_by_email_instead,
};
pub use template::{Rendered, Template, render};

platform::id_type!(MessageId, "One message to one recipient on one channel.");
platform::id_type!(EffectId, "One try to have a provider send a message.");
platform::id_type!(SuppressionId, "One address that must not be written to.");
