//! Every query of the area: notices, the sending of one message with its ledger, what providers tell,
//! lists, suppressions.

mod list;
mod notice;
mod send;
mod suppressions;
mod told;

pub use list::{ListedMessage, MessageFilter, find_message, list_messages, list_messages_of_alert};
pub use notice::{NewNotice, create_notices, note_unreachable};
pub use send::{
    Claimed, OpenEffect, Outgoing, claim_message, end_unsent, forget_window, known_content_sid, mark_absent,
    mark_undetermined, mark_unknown, record_sent, taken_provider_ids,
};
pub use suppressions::{
    ListedSuppression, SuppressionReason, add_suppression, find_suppression, lift_suppression, list_suppressions,
    record_inbound, suppress, suppress_recipient_of,
};
pub use told::{Applied, Told, apply_told};
