//! Jobs of the notifications area.

mod call_record;
mod email;
mod outcome;
mod send_message;
mod whatsapp;

pub use email::{parse_reference, state_of_event};
pub use send_message::SendMessage;
pub use whatsapp::{failure_of, sender_wait_of, state_of_status, suppression_of};

use domain::notifications::MessageId;
use platform::db::Tx;
use platform::ids::CompanyId;
use platform::queue::JobError;

use crate::{Registry, company_job};

pub(crate) fn register_jobs(registry: Registry) -> Registry {
    registry.with::<SendMessage>()
}

/// Enqueues the sending of new messages.
pub(crate) async fn enqueue_messages(
    tx: &mut Tx,
    company: CompanyId,
    messages: &[MessageId],
) -> Result<(), JobError> {
    let sends = messages.iter().map(|id| {
        let send = SendMessage { message_id: *id };
        company_job(company, &send)
    });
    tx.enqueue_all(sends.collect()).await?;
    Ok(())
}
