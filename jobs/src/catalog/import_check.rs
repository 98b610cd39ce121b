//! The pass that writes nothing: whether the file is whole, and how it is written.

use domain::catalog::import::{self, ExaminedFile, FileError, ImportWork, ParserLane};
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
    let (kind, options, language) = (work.kind, work.options.clone(), work.language);
    let digest = work.file_sha256.clone();
    let read = move || {
        import::verify_digest(&file, &digest)?;
        import::examine_file(&file, kind, &options, language)
    };
    import::run_parser(ParserLane::Job, read)
        .await
        .map_err(JobError::retry)
}
