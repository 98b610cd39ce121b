//! Job types of the tests. Most jobs send their run to the test, which decides their outcome.

use std::sync::Mutex;
use std::time::Duration;

use platform::ids::CompanyId;
use platform::queue::{
    Done, Job, JobContext, JobError, JobResult, NewJob, Platform, Registry, Uniqueness,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

/// The services of the tests' jobs: the channels to the test.
#[derive(Debug)]
pub(crate) struct TestServices {
    runs: mpsc::UnboundedSender<Run>,
    /// `Blocks` waits for a message that never comes, until the test drops the sender.
    blocker: Mutex<std::sync::mpsc::Receiver<()>>,
}

/// A running job, which waits for the test to end it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) cx: JobContext<TestServices>,
    pub(crate) n: u64,
    end: oneshot::Sender<JobResult>,
}

impl Run {
    /// Ends the job with `result`. Returns whether the job was still running.
    pub(crate) fn end(self, result: JobResult) -> bool {
        self.end.send(result).is_ok()
    }

    pub(crate) fn succeed(self) {
        assert!(
            self.end(Ok(Done::with(&serde_json::json!({ "n": 1 })))),
            "the job no longer runs"
        );
    }

    /// Returns once the job was aborted.
    pub(crate) async fn wait_for_abort(mut self) {
        self.end.closed().await;
    }
}

impl TestServices {
    /// Returns the services, the runs, and the sender that unblocks `Blocks` when it is dropped.
    pub(crate) fn new() -> (
        Self,
        mpsc::UnboundedReceiver<Run>,
        std::sync::mpsc::Sender<()>,
    ) {
        let (runs, received) = mpsc::unbounded_channel();
        let (unblock, blocker) = std::sync::mpsc::channel();
        (
            Self {
                runs,
                blocker: Mutex::new(blocker),
            },
            received,
            unblock,
        )
    }

    fn report_run(&self, cx: &JobContext<Self>, n: u64) -> oneshot::Receiver<JobResult> {
        let (end, ended) = oneshot::channel();
        let _ = self.runs.send(Run {
            cx: cx.clone(),
            n,
            end,
        });
        ended
    }
}

/// Sends the run to the test and waits for its result. Never returns if the test drops the run.
async fn run_by_test(cx: JobContext<TestServices>, n: u64) -> JobResult {
    match cx.services().report_run(&cx, n).await {
        Ok(result) => result,
        Err(_) => std::future::pending().await,
    }
}

macro_rules! kind {
    ($(#[$doc:meta])* $name:ident, $stored:literal, { $($policy:tt)* }, |$self_:ident, $cx:ident| $body:expr) => {
        $(#[$doc])*
        #[derive(Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            pub(crate) n: u64,
        }

        impl Job<TestServices> for $name {
            const NAME: &'static str = $stored;
            $($policy)*

            async fn run($self_, $cx: JobContext<TestServices>) -> JobResult {
                $body
            }
        }
    };
}

kind!(
    /// Reports its run and succeeds at once.
    Ping, "test.ping", {}, |self, cx| {
        drop(cx.services().report_run(&cx, self.n));
        Ok(Done::with(&serde_json::json!({ "n": self.n })))
    }
);
kind!(
    /// Three attempts, ended by the test.
    Step, "test.step", { const MAX_ATTEMPTS: u16 = 3; }, |self, cx| run_by_test(cx, self.n).await
);
kind!(
    /// Unique by company until done; a duplicate while it runs makes it run again.
    Reconcile, "test.reconcile", {
        const MAX_ATTEMPTS: u16 = 2;
        fn uniqueness(&self) -> Uniqueness { Uniqueness::Reconciler(String::new()) }
    }, |self, cx| run_by_test(cx, self.n).await
);
kind!(
    /// Unique by `n` while open.
    Once, "test.once", {
        fn uniqueness(&self) -> Uniqueness { Uniqueness::WhileOpen(self.n.to_string()) }
    }, |self, cx| run_by_test(cx, self.n).await
);
kind!(
    /// Panics in each of two attempts.
    Panics, "test.panics", { const MAX_ATTEMPTS: u16 = 2; }, |self, cx| {
        drop(cx.services().report_run(&cx, self.n));
        panic!("of its own\0 accord")
    }
);
kind!(
    /// Never returns. Timeout 50 ms, two attempts.
    Hangs, "test.hangs", {
        const MAX_ATTEMPTS: u16 = 2;
        const TIMEOUT: Duration = Duration::from_millis(50);
    }, |self, cx| run_by_test(cx, self.n).await
);
kind!(
    /// Blocks its thread until the test unblocks it. Timeout 50 ms, one attempt.
    Blocks, "test.blocks", {
        const MAX_ATTEMPTS: u16 = 1;
        const TIMEOUT: Duration = Duration::from_millis(50);
    }, |self, cx| {
        drop(cx.services().report_run(&cx, self.n));
        let _ = cx.services().blocker.lock().unwrap().recv();
        Err(JobError::fail("unblocked"))
    }
);
kind!(
    /// A kind that is not registered.
    Unknown, "test.unknown", {}, |self, _cx| Ok(Done::empty())
);

/// Was named `test.former`, and its field was named `number` in version 1. Reports its run and
/// succeeds at once.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Renamed {
    #[serde(alias = "number")]
    pub(crate) n: u64,
}

impl Job<TestServices> for Renamed {
    const NAME: &'static str = "test.renamed";
    const FORMERLY: &'static [&'static str] = &["test.former"];
    const VERSION: u16 = 2;

    async fn run(self, cx: JobContext<TestServices>) -> JobResult {
        drop(cx.services().report_run(&cx, self.n));
        Ok(Done::with(&serde_json::json!({ "n": self.n })))
    }
}

/// A platform job that writes nothing.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upkeep {
    pub(crate) n: u64,
}

impl Job<TestServices, Platform> for Upkeep {
    const NAME: &'static str = "test.platform";
    const MAX_ATTEMPTS: u16 = 2;

    async fn run(self, cx: JobContext<TestServices, Platform>) -> JobResult {
        let tx = cx.begin().await?;
        cx.finish(tx, serde_json::json!("done")).await
    }
}

pub(crate) fn registry() -> Registry<TestServices> {
    Registry::new()
        .with::<Ping>()
        .with::<Step>()
        .with_platform::<Upkeep>()
        .with::<Reconcile>()
        .with::<Once>()
        .with::<Panics>()
        .with::<Hangs>()
        .with::<Blocks>()
        .with::<Renamed>()
}

pub(crate) fn company_job<J: Job<TestServices>>(company: CompanyId, job: &J) -> NewJob {
    NewJob::new::<TestServices, CompanyId, J>(company, job)
}

pub(crate) fn platform_job<J: Job<TestServices, Platform>>(job: &J) -> NewJob {
    NewJob::new::<TestServices, Platform, J>(Platform, job)
}
