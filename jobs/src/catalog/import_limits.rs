//! The pass that compares the staged rows with the limits of the company's plan.

use std::time::Duration;

use domain::billing;
use domain::catalog::import::{self, Admission, FileError, ImportId};
use platform::queue::{JobContext, JobError};

use crate::Services;

/// How long an import waits for others of its company that may take what the plan has left.
const ADMISSION_SNOOZE: Duration = Duration::from_secs(15);

/// Admits the rows, or returns which limit they exceed.
pub(super) async fn admit_file(
    cx: &JobContext<Services>,
    id: ImportId,
) -> Result<Result<(), FileError>, JobError> {
    let mut tx = cx.begin().await?;
    let limits = billing::load_limits(&mut tx, cx.now()).await?;
    match import::admit_rows(&mut tx, cx.company(), id, &limits, cx.now()).await? {
        Admission::Admitted => {
            tx.commit().await?;
            Ok(Ok(()))
        }
        Admission::Refused(excess) => Ok(Err(excess)),
        Admission::Waits => Err(JobError::snooze(
            ADMISSION_SNOOZE,
            "other imports of the company may take what its plan has left",
        )),
    }
}
