//! Jobs of the notifications area.

mod answer;
mod email;
mod outcome;
mod send_message;
mod whatsapp;

pub use email::{parse_reference, told_by};
pub use send_message::SendMessage;
pub use whatsapp::{failure_of, flag_of, state_of};

use crate::Registry;

pub(crate) fn register(registry: Registry) -> Registry {
    registry.with::<SendMessage>()
}
