//! Jobs of the notifications area.

mod call_record;
mod email;
mod outcome;
mod send_message;
mod whatsapp;

pub use email::{parse_reference, state_of_event};
pub use send_message::SendMessage;
pub use whatsapp::{failure_of, state_of_status, suppression_of};

use crate::Registry;

pub(crate) fn register_jobs(registry: Registry) -> Registry {
    registry.with::<SendMessage>()
}
