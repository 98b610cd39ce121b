//! Where files are parsed: on blocking threads, a few at once in each process, so that memory and
//! processors have a bound whatever is uploaded. A panic of a parser rejects its file.

use tokio::sync::Semaphore;
use tokio::task::JoinError;

use super::file_error::FileError;

/// The kind of work that a file is parsed for. The slots of one are never taken by the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParserLane {
    /// A request, for the head of an upload. It must not wait for whole files.
    Request,
    /// A request that reads a whole file.
    Preview,
    Job,
}

/// Two of each lane: a parser holds up to about 50 MiB of a spreadsheet's texts.
static REQUEST_SLOTS: Semaphore = Semaphore::const_new(2);
static PREVIEW_SLOTS: Semaphore = Semaphore::const_new(2);
static JOB_SLOTS: Semaphore = Semaphore::const_new(2);

impl ParserLane {
    fn slots(self) -> &'static Semaphore {
        match self {
            Self::Request => &REQUEST_SLOTS,
            Self::Preview => &PREVIEW_SLOTS,
            Self::Job => &JOB_SLOTS,
        }
    }
}

/// Waits for a free slot and runs `read` on a blocking thread. The work continues when the caller
/// goes away, and holds its slot until it ends.
///
/// # Errors
/// The outer error means that the process stops before `read` has run.
pub async fn run_parser<T: Send + 'static>(
    lane: ParserLane,
    read: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<Result<T, FileError>, JoinError> {
    let slot = lane.slots().acquire().await;
    let parsed = tokio::task::spawn_blocking(move || {
        let _slot = slot;
        read()
    });
    match parsed.await {
        Err(failed) if failed.is_panic() => Ok(Err(FileError::new("unreadable_file"))),
        ended => ended,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Barrier;

    use super::*;

    #[tokio::test]
    async fn a_panic_of_a_parser_rejects_its_file_and_frees_its_slot() {
        for _ in 0..3 {
            let read = || -> Result<(), FileError> { panic!("a parser's own fault") };
            let rejected = run_parser(ParserLane::Request, read).await.unwrap();
            assert_eq!(rejected.unwrap_err().code, "unreadable_file");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_files_of_a_lane_are_parsed_at_once_and_no_more() {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        // Each parser waits for another one, so that two do run at once.
        let pair = Arc::new(Barrier::new(2));
        let parsers = (0..8).map(|_| {
            let (running, most, pair) = (running.clone(), most.clone(), pair.clone());
            let runtime = tokio::runtime::Handle::current();
            run_parser(ParserLane::Job, move || {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                runtime.block_on(pair.wait());
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
        });
        for parsed in futures::future::join_all(parsers).await {
            parsed.unwrap().unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }
}
