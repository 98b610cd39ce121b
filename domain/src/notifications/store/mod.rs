//! Every query of the area: notices, the sending of one message with its ledger, what providers tell,
//! lists, suppressions.

mod effect;
mod list;
mod notice;
mod outgoing;
mod suppressions;
mod told;

pub use effect::{
    OpenEffect, mark_absent, mark_unknown, mark_waiting, record_sent, taken_provider_ids,
};
pub use list::{ListedMessage, MessageFilter, find_message, list_messages, list_messages_of_alert};
pub use notice::{NewNotice, create_notices, note_unreachable, tell_admins, tell_by_email_instead};
pub use outgoing::{
    Claimed, Outgoing, WORTH_SENDING, claim_message, end_unsent, forget_window, known_content_sid,
    mark_undetermined, set_content_sid, take_up,
};
pub use suppressions::{
    ListedSuppression, SuppressionReason, add_suppression, find_suppression, lift_suppression,
    list_suppressions, record_inbound, suppress, suppress_recipient_of,
};
pub use told::{Applied, Failure, Told, apply_told};
