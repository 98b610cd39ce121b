//! Imports an uploaded file: check, stage, admit, merge, end. Each pass resumes where an earlier
//! attempt stopped, so that a killed worker costs one chunk. A file that is rejected ends the
//! import; the job itself has succeeded then.

use std::time::Duration;

use domain::Text;
use domain::catalog::import::{
    self, Detected, Detection, ExaminedFile, FileError, ImportId, ImportWork, Question, State,
};
use platform::queue::{Cause, Job, JobContext, JobError, JobResult, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::import_admission::{AdmissionOutcome, admit_file};
use super::import_check::check_file;
use super::import_end::{Ending, commit_end, end_import};
use super::import_merge::merge_file;
use super::import_pass::{progress_of, stop_if_import_ended};
use super::import_stage::{StagingOutcome, stage_file};
use crate::Services;

/// Imports an uploaded file: validates, stages and merges it, each pass resumable.
///
/// - Trigger: `POST /imports`, and `POST /imports/{id}/resume`.
/// - Uniqueness: one open job for each import.
/// - Rerun: resumes where the last commit ended; nothing once the import has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportFile {
    pub import_id: ImportId,
}

impl Job<Services> for ImportFile {
    const NAME: &'static str = "catalog.import_file";
    const QUEUE: Queue = Queue::Heavy;
    const TIMEOUT: Duration = Duration::from_secs(6 * 3600);

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(self.import_id.to_string())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let id = self.import_id;
        match run_passes(&cx, id).await {
            Ok(done) => {
                sweep_staging(&cx, id).await;
                Ok(done)
            }
            Err(JobError::Cancelled) => {
                commit_end(&cx, id, &Ending::Cancelled).await?;
                Err(JobError::Cancelled)
            }
            Err(JobError::Retry(cause)) => end_if_hopeless(&cx, id, cause).await,
            other => other,
        }
    }
}

async fn run_passes(cx: &JobContext<Services>, id: ImportId) -> JobResult {
    let company = cx.company();
    let mut tx = cx.begin().await?;
    // Locks the import, so that nobody cancels it before `checking` is committed.
    let work = import::load_work(&mut tx, company, id).await?;
    if work.state.is_final() {
        tx.commit().await?;
        tx = end_import(cx, id, &Ending::AlreadyEnded).await?;
    }
    if work.state.is_final() || work.state == State::NeedsInput {
        return cx.finish(tx, json!({ "state": work.state })).await;
    }
    import::start_checking(&mut tx, company, id).await?;
    if import::complete_repeated_import(&mut tx, company, id).await? {
        let result = json!({ "state": State::Succeeded, "repeated": true });
        return cx.finish(tx, result).await;
    }
    cx.checkpoint(tx, &progress_of(0, work.file_bytes, "checking"))
        .await?;
    match check_file(cx, &work).await? {
        Ok(examined) => stage_and_merge(cx, &work, examined).await,
        Err(cause) => reject_file(cx, id, cause).await,
    }
}

/// Stages and merges the file, or records the questions that come first.
async fn stage_and_merge(
    cx: &JobContext<Services>,
    work: &ImportWork,
    examined: ExaminedFile,
) -> JobResult {
    let (company, id, detected) = (cx.company(), work.id, examined.detected);
    let work = &ImportWork {
        options: detected.adjust_options(work.options.clone()),
        ..work.clone()
    };
    let plan = match examined.detection {
        Detection::Ready(plan) => *plan,
        Detection::NeedsInput(questions) => return ask(cx, id, &detected, &questions).await,
    };
    let mut tx = cx.begin().await?;
    stop_if_import_ended(import::start_loading(&mut tx, company, id, &detected).await)?;
    cx.checkpoint(tx, &progress_of(0, work.file_bytes, "loading"))
        .await?;
    let (through, totals) = match stage_file(cx, work, detected.clone(), plan).await? {
        StagingOutcome::Staged { through, totals } => (through, totals),
        StagingOutcome::Rejected(cause) => return reject_file(cx, id, cause).await,
    };
    match admit_file(cx, work, &detected).await? {
        AdmissionOutcome::Admitted => merge_file(cx, work, through, totals).await,
        AdmissionOutcome::Rejected(cause) => reject_file(cx, id, cause).await,
        AdmissionOutcome::Asks(question) => ask(cx, id, &detected, &[question]).await,
    }
}

/// Ends the job with questions; another one reads the file again once they are decided.
async fn ask(
    cx: &JobContext<Services>,
    id: ImportId,
    detected: &Detected,
    questions: &[Question],
) -> JobResult {
    let mut tx = cx.begin().await?;
    let step = import::record_questions(&mut tx, cx.company(), id, detected, questions);
    stop_if_import_ended(step.await)?;
    import::discard_staging(&mut tx, cx.company(), id).await?;
    let result = json!({ "state": State::NeedsInput, "questions": questions });
    cx.finish(tx, result).await
}

async fn reject_file(cx: &JobContext<Services>, id: ImportId, cause: FileError) -> JobResult {
    let result =
        json!({ "state": State::Failed, "code": cause.code, "message": cause.to_string() });
    let tx = end_import(cx, id, &Ending::Failed(cause)).await?;
    cx.finish(tx, result).await
}

/// Ends the import where another attempt would fail in the same way, or none is left.
async fn end_if_hopeless(cx: &JobContext<Services>, id: ImportId, cause: Cause) -> JobResult {
    if let Some(rejected) = FileError::from_rejected_value(&*cause) {
        tracing::warn!(import_id = %id, cause = %cause, "a value of the file can't be stored");
        return reject_file(cx, id, rejected).await;
    }
    if cx.is_last_attempt() {
        tracing::error!(import_id = %id, cause = %cause, "import failed on its last attempt");
        let reason = Text::new("import_failed");
        let failed = Ending::Failed(FileError::worded("internal", reason));
        commit_end(cx, id, &failed).await?;
    }
    Err(JobError::Retry(cause))
}

/// Clears staging after the last commit, so that nobody waits for it. What a crash in between
/// leaves, the company's next import clears.
async fn sweep_staging(cx: &JobContext<Services>, id: ImportId) {
    let swept = async {
        let mut tx = cx.begin().await?;
        import::sweep_staging(&mut tx, cx.company()).await?;
        Ok::<_, JobError>(tx.commit().await?)
    };
    if let Err(cause) = swept.await {
        tracing::warn!(import_id = %id, cause = %cause, "staging not cleared");
    }
}
