//! The pass that writes nothing: whether the file is whole, and how it is written.

use domain::catalog::import::{
    self, ExaminedFile, FileError, ImportWork, NumericCodes, ParserLane, State,
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
    let known = load_numeric_codes(cx, work).await?;
    let (kind, options, language) = (work.kind, work.options.clone(), work.language);
    let digest = work.file_sha256.clone();
    let read = move || {
        import::verify_digest(&file, &digest)?;
        import::examine_file(&file, kind, &options, known, language)
    };
    import::run_parser(ParserLane::Job, read)
        .await
        .map_err(JobError::retry)
}

/// Returns the codes that the file's codes are compared with. Once an attempt has begun to load
/// the file, nothing is asked about products that others create meanwhile.
async fn load_numeric_codes(
    cx: &JobContext<Services>,
    work: &ImportWork,
) -> Result<NumericCodes, JobError> {
    let is_loading = work.state == State::Loading || work.merged_through > 0;
    if is_loading && work.options.leading_zeros.is_none() {
        return Ok(NumericCodes::default());
    }
    let mut tx = cx.begin().await?;
    let codes = import::load_numeric_codes(&mut tx, cx.company(), &work.options).await?;
    tx.commit().await?;
    Ok(codes)
}
