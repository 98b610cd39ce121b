//! The pass that writes nothing: whether the file is whole, and how it is written.

use domain::catalog::import::{
    self, ExaminedFile, FileError, ImportWork, LeadingZeros, NumericCodes, ParserLane, State,
};
use platform::queue::{JobContext, JobError};

use crate::Services;

/// Verifies and examines the file on a blocking thread.
pub(super) async fn check_file(
    cx: &JobContext<Services>,
    work: &ImportWork,
) -> Result<Result<ExaminedFile, FileError>, JobError> {
    let file = cx
        .services()
        .blobs
        .open_file(&work.blob_key)
        .await
        .map_err(JobError::retry)?;
    let known = load_numeric_codes(cx).await?;
    let (kind, mut options, language) = (work.kind, work.options.clone(), work.language);
    if is_loading(work) {
        options.leading_zeros.get_or_insert(LeadingZeros::Distinct);
    }
    let digest = work.file_sha256.clone();
    let read = move || {
        import::verify_digest(&file, &digest)?;
        import::examine_file(&file, kind, &options, known, language)
    };
    import::run_parser(ParserLane::Job, read)
        .await
        .map_err(JobError::retry)
}

/// Whether an attempt has begun to load the file. Nothing is asked then about products that others
/// create meanwhile.
fn is_loading(work: &ImportWork) -> bool {
    work.state == State::Loading || work.merged_through > 0
}

/// Returns the codes that the file's codes are compared with.
async fn load_numeric_codes(cx: &JobContext<Services>) -> Result<NumericCodes, JobError> {
    let mut tx = cx.begin().await?;
    let codes = import::load_numeric_codes(&mut tx, cx.company()).await?;
    tx.commit().await?;
    Ok(codes)
}
