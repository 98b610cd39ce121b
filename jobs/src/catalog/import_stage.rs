//! The pass that reads the file into staging. Parsing runs on a blocking thread and sends chunks,
//! each of which is committed with its place in the file.

use domain::catalog::import::{
    self, Chunk, Detected, FileError, ImportTotals, ImportWork, Kind, ParserLane, Plan, StagedFile,
    StagingPlan, UsualQuantities, Warning, WarningCode,
};
use platform::db::Tx;
use platform::ids::CompanyId;
use platform::queue::{JobContext, JobError};
use tokio::sync::mpsc;

use super::import_pass::{progress_of, stop_if_import_ended};
use crate::Services;

/// How the pass ended.
pub(super) enum StagingOutcome {
    /// The rows up to this line of the file are staged.
    Staged {
        through: i64,
        totals: ImportTotals,
    },
    Rejected(FileError),
}

/// Stages the lines that aren't staged yet.
pub(super) async fn stage_file(
    cx: &JobContext<Services>,
    work: &ImportWork,
    detected: Detected,
    plan: Plan,
) -> Result<StagingOutcome, JobError> {
    let company = cx.company();
    let mut tx = cx.begin().await?;
    let resume = import::find_resume_point(&mut tx, company, work.id).await?;
    if resume.is_complete {
        return Ok(StagingOutcome::Staged {
            through: resume.staged_through,
            totals: work.totals.clone(),
        });
    }
    let known_products = import::load_known_products(&mut tx, company).await?;
    let site_keys = import::load_site_keys(&mut tx, company).await?;
    tx.commit().await?;
    let usual_quantities = match load_usual_quantities(cx, work, &plan).await? {
        Ok(usual) => usual,
        Err(cause) => return Ok(StagingOutcome::Rejected(cause)),
    };
    let staging = StagingPlan {
        import_id: work.id.0,
        kind: work.kind,
        options: work.options.clone(),
        plan,
        context: work.context(),
        file_bytes: work.file_bytes,
        known_products,
        site_keys,
        usual_quantities,
        staged_through: u64::try_from(resume.staged_through).map_err(JobError::fail)?,
    };
    let (through, staged) = match stage_chunks(cx, work, staging).await? {
        Ok(staged) => staged,
        Err(cause) => return Ok(StagingOutcome::Rejected(cause)),
    };
    if let Some(cause) = staged.find_rejection(&work.options) {
        return Ok(StagingOutcome::Rejected(cause));
    }
    complete_staging(cx, work, detected, &staged, through).await
}

/// Returns the usual quantities of the products of a sales file.
async fn load_usual_quantities(
    cx: &JobContext<Services>,
    work: &ImportWork,
    plan: &Plan,
) -> Result<Result<UsualQuantities, FileError>, JobError> {
    if work.kind != Kind::Sales {
        return Ok(Ok(UsualQuantities::default()));
    }
    let file = cx
        .services()
        .blobs
        .open_file(&work.blob_key)
        .await
        .map_err(JobError::retry)?;
    let (options, plan, context) = (work.options.clone(), plan.clone(), work.context());
    let read = move || UsualQuantities::read_file(file, &options, &plan, &context);
    let mut usual = match import::run_parser(ParserLane::Job, read)
        .await
        .map_err(JobError::retry)?
    {
        Ok(usual) => usual,
        rejected => return Ok(rejected),
    };
    let mut tx = cx.begin().await?;
    import::add_recorded_quantities(&mut tx, cx.company(), &mut usual).await?;
    tx.commit().await?;
    Ok(Ok(usual))
}

/// Reads on a blocking thread and writes here. The channel's capacity of one keeps memory flat.
async fn stage_chunks(
    cx: &JobContext<Services>,
    work: &ImportWork,
    staging: StagingPlan,
) -> Result<Result<(i64, StagedFile), FileError>, JobError> {
    let file = cx
        .services()
        .blobs
        .open_file(&work.blob_key)
        .await
        .map_err(JobError::retry)?;
    let (sender, mut chunks) = mpsc::channel::<Chunk>(1);
    let read =
        move || import::stage_file(file, &staging, |chunk| sender.blocking_send(chunk).is_ok());
    let reading = import::run_parser(ParserLane::Job, read);
    // Owns the receiver: where a write fails, the parser's next chunk ends it.
    let writing = async move {
        let mut through = 0;
        while let Some(chunk) = chunks.recv().await {
            through = through.max(i64::try_from(chunk.through).unwrap_or(i64::MAX));
            let done = chunk.position;
            let mut tx = cx.begin().await?;
            let step = import::write_chunk(&mut tx, cx.company(), work.id, work.kind, chunk);
            stop_if_import_ended(step.await)?;
            cx.checkpoint(tx, &progress_of(done, work.file_bytes, "reading"))
                .await?;
        }
        Ok::<_, JobError>(through)
    };
    let (read, written) = tokio::join!(reading, writing);
    let through = written?;
    Ok(read
        .map_err(JobError::retry)?
        .map(|staged| (through, staged)))
}

async fn complete_staging(
    cx: &JobContext<Services>,
    work: &ImportWork,
    mut detected: Detected,
    staged: &StagedFile,
    through: i64,
) -> Result<StagingOutcome, JobError> {
    let company = cx.company();
    let mut tx = cx.begin().await?;
    let (mut warnings, superseded) = fold_rows(&mut tx, company, work).await?;
    warnings.extend_from_slice(&staged.warnings);
    import::record_warnings(&mut tx, company, work.id, &warnings).await?;
    detected.encoding = staged.encoding.map(Into::into);
    stop_if_import_ended(import::start_loading(&mut tx, company, work.id, &detected).await)?;
    let totals = ImportTotals {
        superseded,
        ..ImportTotals::from(&staged.totals)
    };
    import::record_totals(&mut tx, company, work.id, &totals).await?;
    cx.checkpoint(tx, &progress_of(work.file_bytes, work.file_bytes, "read"))
        .await?;
    Ok(StagingOutcome::Staged { through, totals })
}

/// Distinguishes or folds the rows of one identity. Returns what somebody should look at, and how
/// many rows a later one of the file replaces.
async fn fold_rows(
    tx: &mut Tx,
    company: CompanyId,
    work: &ImportWork,
) -> Result<(Vec<Warning>, u64), JobError> {
    if work.kind == Kind::StockCounts {
        let repeated = work.options.repeated_counts;
        let left_out = import::fold_counts(tx, company, work.id, repeated).await?;
        return Ok((Vec::new(), left_out));
    }
    let (options, language) = (&work.options, work.language);
    let warnings = import::number_rows(tx, company, work.id, options, language).await?;
    let superseded = warnings
        .iter()
        .find(|warning| warning.code == WarningCode::SupersededLines)
        .map_or(0, |warning| warning.rows);
    Ok((warnings, superseded))
}
