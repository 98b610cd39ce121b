//! Brings an uploaded file into the catalog: check, stage, merge, each pass resumable, so that a killed worker
//! costs one chunk. What can't be taken ends the import and not the job: the job has done its work.

use std::time::Duration;

use domain::catalog::import::{self, Detection, Examined, ImportId, Refusal, State, Work};
use platform::queue::{Cause, Job, JobContext, JobError, JobResult, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::import_end::{Ending, close, end, unless_over};
use super::import_merge::merge;
use super::import_stage::{Loaded, load};
use crate::Services;

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
        match run(&cx, id).await {
            Ok(done) => {
                clean_up(&cx, id).await;
                Ok(done)
            }
            Err(JobError::Cancelled) => {
                end(&cx, id, &Ending::Cancelled).await?;
                Err(JobError::Cancelled)
            }
            Err(JobError::Retry(cause)) => give_up(&cx, id, cause).await,
            other => other,
        }
    }
}

/// Ends the import where another try would come to the same, or none is left.
async fn give_up(cx: &JobContext<Services>, id: ImportId, cause: Cause) -> JobResult {
    if let Some(why) = import::refused_value(&*cause) {
        tracing::warn!(import_id = %id, cause = %cause, "a value of the file can't be stored");
        return refuse(cx, id, why).await;
    }
    if cx.is_last_attempt() {
        tracing::error!(import_id = %id, cause = %cause, "import given up");
        let why = Refusal::new(
            "internal",
            "the import failed on our side; send the file again",
        );
        end(cx, id, &Ending::Failed(why)).await?;
    }
    Err(JobError::Retry(cause))
}

async fn run(cx: &JobContext<Services>, id: ImportId) -> JobResult {
    let company = cx.company();
    let mut tx = cx.begin().await?;
    let work = import::find_work(&mut tx, company, id).await?;
    if work.state.is_final() {
        close(&mut tx, cx, id, &Ending::Over).await?;
    }
    if work.state.is_final() || work.state == State::NeedsInput {
        return cx.finish(tx, json!({ "state": work.state })).await;
    }
    import::start_checking(&mut tx, company, id).await?;
    if import::succeed_as_repeat(&mut tx, company, id).await? {
        return cx
            .finish(tx, json!({ "state": State::Succeeded, "repeated": true }))
            .await;
    }
    cx.checkpoint(tx, &progress(0, work.file_bytes, "checking"))
        .await?;
    match examine(cx, &work).await? {
        Err(refusal) => refuse(cx, id, refusal).await,
        Ok(Examined {
            detected,
            detection: Detection::NeedsInput(questions),
        }) => {
            let mut tx = cx.begin().await?;
            unless_over(import::ask(&mut tx, company, id, &detected, &questions).await)?;
            cx.finish(
                tx,
                json!({ "state": State::NeedsInput, "questions": questions }),
            )
            .await
        }
        Ok(Examined {
            detected,
            detection: Detection::Ready(plan),
        }) => {
            let mut tx = cx.begin().await?;
            unless_over(import::start_loading(&mut tx, company, id, &detected).await)?;
            cx.checkpoint(tx, &progress(0, work.file_bytes, "loading"))
                .await?;
            match load(cx, &work, detected, plan).await? {
                Loaded::Staged { through, counts } => merge(cx, &work, through, counts).await,
                Loaded::Refused(refusal) => refuse(cx, id, refusal).await,
            }
        }
    }
}

/// Reads the file beside the async threads.
async fn examine(
    cx: &JobContext<Services>,
    work: &Work,
) -> Result<Result<Examined, Refusal>, JobError> {
    let file = cx
        .services()
        .blobs
        .open(&work.blob_key)
        .await
        .map_err(JobError::retry)?;
    let (kind, options, digest) = (work.kind, work.options.clone(), work.file_sha256.clone());
    let read = move || {
        import::check_digest(&file, &digest)?;
        import::examine(&file, kind, &options)
    };
    tokio::task::spawn_blocking(read)
        .await
        .map_err(JobError::retry)
}

async fn refuse(cx: &JobContext<Services>, id: ImportId, why: Refusal) -> JobResult {
    let result = json!({ "state": State::Failed, "code": why.code, "message": why.message });
    let mut tx = cx.begin().await?;
    close(&mut tx, cx, id, &Ending::Failed(why)).await?;
    cx.finish(tx, result).await
}

/// After the last commit, so that nobody waits for it. What a death in between leaves, the company's next
/// import clears.
async fn clean_up(cx: &JobContext<Services>, id: ImportId) {
    let cleared = async {
        let mut tx = cx.begin().await?;
        import::sweep(&mut tx, cx.company()).await?;
        Ok::<_, JobError>(tx.commit().await?)
    };
    if let Err(cause) = cleared.await {
        tracing::warn!(import_id = %id, cause = %cause, "staging not cleared");
    }
}

pub(super) fn progress(done: u64, total: u64, message: &str) -> platform::queue::Progress {
    platform::queue::Progress {
        done,
        total,
        message: message.to_owned(),
    }
}
