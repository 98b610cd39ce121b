//! The pass that reads the file into staging: parsing runs on a thread of its own and hands over chunks, each
//! committed with its place in the file.

use domain::catalog::import::{
    self, Chunk, Counts, Detected, Habits, Kind, Mode, Plan, Refusal, Staged, Staging,
    UnknownProducts, Warning, Work,
};
use platform::queue::{JobContext, JobError};
use tokio::sync::mpsc;

use super::import_end::unless_over;
use super::import_file::progress;
use crate::Services;

/// How the pass ended.
pub(super) enum Loaded {
    /// Up to this line of the file.
    Staged {
        through: i64,
        counts: Counts,
    },
    Refused(Refusal),
}

/// Stages what isn't staged yet.
pub(super) async fn load(
    cx: &JobContext<Services>,
    work: &Work,
    detected: Detected,
    plan: Plan,
) -> Result<Loaded, JobError> {
    let company = cx.company();
    let mut tx = cx.begin().await?;
    let (after, is_staged) = import::resume_point(&mut tx, company, work.id).await?;
    if is_staged {
        return Ok(Loaded::Staged {
            through: after,
            counts: work.counts.clone(),
        });
    }
    let products = match work.options.unknown_products {
        UnknownProducts::Reject => Some(import::known_products(&mut tx, company).await?),
        UnknownProducts::Create => None,
    };
    let sites = import::known_sites(&mut tx, company).await?;
    tx.commit().await?;
    let habits = match find_habits(cx, work, &plan).await? {
        Ok(habits) => habits,
        Err(refusal) => return Ok(Loaded::Refused(refusal)),
    };
    let staging = Staging {
        import_id: work.id.0,
        kind: work.kind,
        options: work.options.clone(),
        plan,
        context: work.context(),
        file_bytes: work.file_bytes,
        products,
        sites,
        habits,
        after: u64::try_from(after).unwrap_or(0),
    };
    let (through, staged) = match pump(cx, work, staging).await? {
        Ok(staged) => staged,
        Err(refusal) => return Ok(Loaded::Refused(refusal)),
    };
    if let Some(refusal) = refused(work, &staged) {
        return Ok(Loaded::Refused(refusal));
    }
    finish(cx, work, detected, &staged, through).await
}

/// What is usual of the products that the file sells much of at once.
async fn find_habits(
    cx: &JobContext<Services>,
    work: &Work,
    plan: &Plan,
) -> Result<Result<Habits, Refusal>, JobError> {
    if work.kind != Kind::Sales {
        return Ok(Ok(Habits::default()));
    }
    let file = cx
        .services()
        .blobs
        .open(&work.blob_key)
        .await
        .map_err(JobError::retry)?;
    let (options, plan, context) = (work.options.clone(), plan.clone(), work.context());
    let read = move || Habits::read(file, &options, &plan, &context);
    let mut habits = match tokio::task::spawn_blocking(read)
        .await
        .map_err(JobError::retry)?
    {
        Ok(habits) => habits,
        refused => return Ok(refused),
    };
    let mut tx = cx.begin().await?;
    import::known_habits(&mut tx, cx.company(), &mut habits).await?;
    tx.commit().await?;
    Ok(Ok(habits))
}

/// Reads on one thread, writes here; the channel's one place keeps the memory flat.
async fn pump(
    cx: &JobContext<Services>,
    work: &Work,
    staging: Staging,
) -> Result<Result<(i64, Staged), Refusal>, JobError> {
    let file = cx
        .services()
        .blobs
        .open(&work.blob_key)
        .await
        .map_err(JobError::retry)?;
    let (sender, mut chunks) = mpsc::channel::<Chunk>(1);
    let read = move || import::stage(file, &staging, |chunk| sender.blocking_send(chunk).is_ok());
    let reading = tokio::task::spawn_blocking(read);
    let mut through = 0;
    while let Some(chunk) = chunks.recv().await {
        through = through.max(i64::try_from(chunk.through).unwrap_or(i64::MAX));
        let done = chunk.position;
        let mut tx = cx.begin().await?;
        unless_over(import::write_chunk(&mut tx, cx.company(), work.id, work.kind, chunk).await)?;
        cx.checkpoint(tx, &progress(done, work.file_bytes, "reading"))
            .await?;
    }
    Ok(reading
        .await
        .map_err(JobError::retry)?
        .map(|staged| (through, staged)))
}

/// A file that ends here: all or nothing was asked, or nothing is left.
fn refused(work: &Work, staged: &Staged) -> Option<Refusal> {
    let rejected = staged.totals.rejected;
    if rejected > 0 && work.options.mode == Mode::AllOrNothing {
        return Some(Refusal::new(
            "rows_rejected",
            format!("{rejected} rows are wrong and all or nothing was asked"),
        ));
    }
    (rejected > 0 && staged.totals.accepted == 0).then(|| {
        Refusal::new(
            "no_valid_rows",
            format!("all of the {rejected} rows are wrong"),
        )
    })
}

async fn finish(
    cx: &JobContext<Services>,
    work: &Work,
    mut detected: Detected,
    staged: &Staged,
    through: i64,
) -> Result<Loaded, JobError> {
    let company = cx.company();
    let mut tx = cx.begin().await?;
    let mut warnings =
        import::number_rows(&mut tx, company, work.id, work.options.duplicates).await?;
    let superseded = warnings
        .iter()
        .find(|w| w.code == "superseded_lines")
        .map_or(0, |w| w.rows);
    for (code, rows) in [
        ("negative_prices", staged.warned_prices),
        ("future_dates", staged.warned_dates),
        ("absurd_quantities", staged.warned_quantities),
    ] {
        if rows > 0 {
            warnings.push(Warning {
                code: code.into(),
                rows,
            });
        }
    }
    import::record_warnings(&mut tx, company, work.id, &warnings).await?;
    detected.encoding = staged.encoding.map(Into::into);
    unless_over(import::start_loading(&mut tx, company, work.id, &detected).await)?;
    let counts = Counts {
        superseded,
        ..Counts::from(&staged.totals)
    };
    import::record_counts(&mut tx, company, work.id, &counts).await?;
    cx.checkpoint(tx, &progress(work.file_bytes, work.file_bytes, "read"))
        .await?;
    Ok(Loaded::Staged { through, counts })
}
