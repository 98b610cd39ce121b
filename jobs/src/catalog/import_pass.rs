//! What every pass of an import shares.

use std::time::Duration;

use domain::catalog::import::{self, Kind, Turn};
use platform::db::Tx;
use platform::ids::CompanyId;
use platform::queue::{JobError, Progress};

use crate::events::Event;

/// How long an import waits for its turn before it is snoozed again.
const MERGE_LOCK_SNOOZE: Duration = Duration::from_secs(15);

/// Takes the company's turn to merge. While another import of the company merges, the job snoozes,
/// which spends no attempt.
pub(super) async fn take_turn(tx: &mut Tx, company: CompanyId) -> Result<(), JobError> {
    match import::take_merge_turn(tx, company).await? {
        Turn::Taken => Ok(()),
        Turn::Busy => Err(JobError::snooze(
            MERGE_LOCK_SNOOZE,
            "another import of the company is merging",
        )),
    }
}

/// Stops the job where the import ended meanwhile: nothing more of it may be written.
pub(super) fn require_open<T>(step: domain::Result<T>) -> Result<T, JobError> {
    match step {
        Err(domain::Error::Conflict { .. }) => Err(JobError::Cancelled),
        other => Ok(other?),
    }
}

/// Returns what an import of this kind causes.
pub(super) fn event_of(kind: Kind) -> Event {
    match kind {
        Kind::Sales => Event::SalesImported,
        Kind::Products => Event::ProductsImported,
        Kind::StockCounts => Event::StockCounted,
    }
}

pub(super) fn progress_of(done: u64, total: u64, message: &str) -> Progress {
    Progress {
        done,
        total,
        message: message.to_owned(),
    }
}
