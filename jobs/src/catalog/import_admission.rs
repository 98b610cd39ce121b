//! The pass that admits the staged rows: they get their places beside the lines of other files and
//! are compared with the limits of the company's plan.

use std::time::Duration;

use domain::billing;
use domain::catalog::import::{
    self, Admission, Detected, FileError, ImportWork, Placement, Question,
};
use platform::queue::{JobContext, JobError};

use crate::Services;

/// How long an import waits for others of its company.
const ADMISSION_SNOOZE: Duration = Duration::from_secs(15);

/// How the pass ended.
pub(super) enum AdmissionOutcome {
    Admitted,
    Rejected(FileError),
    /// The file is staged again once the question has its answer.
    Asks(Question),
}

pub(super) async fn admit_file(
    cx: &JobContext<Services>,
    work: &ImportWork,
    detected: &Detected,
) -> Result<AdmissionOutcome, JobError> {
    let (company, id) = (cx.company(), work.id);
    let mut tx = cx.begin().await?;
    let same_day = work.options.same_day;
    let describe = (detected, work.language);
    match import::place_lines(&mut tx, company, id, same_day, describe).await? {
        Placement::Placed => {}
        Placement::Waits => return Err(wait_for("another import of the company is merging")),
        Placement::Asks(question) => return Ok(AdmissionOutcome::Asks(question)),
    }
    let limits = billing::load_limits(&mut tx, cx.now()).await?;
    match import::admit_rows(&mut tx, company, id, &limits, cx.now()).await? {
        Admission::Admitted => {
            tx.commit().await?;
            Ok(AdmissionOutcome::Admitted)
        }
        Admission::Refused(excess) => Ok(AdmissionOutcome::Rejected(excess)),
        Admission::Waits => Err(wait_for(
            "other imports of the company may take what its plan has left",
        )),
    }
}

fn wait_for(reason: &str) -> JobError {
    JobError::snooze(ADMISSION_SNOOZE, reason)
}
