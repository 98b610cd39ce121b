//! Job types of the tests. Most bodies hand themselves to the test, which decides how they end.

use std::sync::Mutex;
use std::time::Duration;

use platform::ids::CompanyId;
use platform::queue::{
    Done, Job, JobContext, JobError, JobResult, NewJob, Platform, Registry, Uniqueness,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

/// What bodies share: the way to the test.
#[derive(Debug)]
pub(crate) struct World {
    runs: mpsc::UnboundedSender<Run>,
    /// Held by whoever keeps `Blocks` blocked.
    blocker: Mutex<std::sync::mpsc::Receiver<()>>,
}

/// A body that runs: it goes on when the test ends it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) cx: JobContext<World>,
    pub(crate) n: u64,
    end: oneshot::Sender<JobResult>,
}

impl Run {
    /// Lets the body return; gives whether it still waited.
    pub(crate) fn end(self, result: JobResult) -> bool {
        self.end.send(result).is_ok()
    }

    pub(crate) fn succeed(self) {
        assert!(
            self.end(Ok(Done::with(&serde_json::json!({ "n": 1 })))),
            "the body is gone"
        );
    }

    /// Returns once the body was taken down.
    pub(crate) async fn taken_down(mut self) {
        self.end.closed().await;
    }
}

impl World {
    /// The world, the bodies' runs, and what to drop to let `Blocks` go.
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

    fn report(&self, cx: &JobContext<Self>, n: u64) -> oneshot::Receiver<JobResult> {
        let (end, ended) = oneshot::channel();
        let _ = self.runs.send(Run {
            cx: cx.clone(),
            n,
            end,
        });
        ended
    }
}

/// Hands the run over; goes on for ever where the test drops it.
async fn hand_over(cx: JobContext<World>, n: u64) -> JobResult {
    match cx.services().report(&cx, n).await {
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

        impl Job<World> for $name {
            const NAME: &'static str = $stored;
            $($policy)*

            async fn run($self_, $cx: JobContext<World>) -> JobResult {
                $body
            }
        }
    };
}

kind!(
    /// Ends at once, telling the test.
    Ping, "test.ping", {}, |self, cx| {
        drop(cx.services().report(&cx, self.n));
        Ok(Done::with(&serde_json::json!({ "n": self.n })))
    }
);
kind!(
    /// Three tries, ended by the test.
    Step, "test.step", { const MAX_ATTEMPTS: u16 = 3; }, |self, cx| hand_over(cx, self.n).await
);
kind!(
    /// Unique by company until done; a duplicate while it runs makes it run again.
    Reconcile, "test.reconcile", {
        const MAX_ATTEMPTS: u16 = 2;
        fn uniqueness(&self) -> Uniqueness { Uniqueness::Reconciler(String::new()) }
    }, |self, cx| hand_over(cx, self.n).await
);
kind!(
    /// Unique by `n` while open.
    Once, "test.once", {
        fn uniqueness(&self) -> Uniqueness { Uniqueness::WhileOpen(self.n.to_string()) }
    }, |self, cx| hand_over(cx, self.n).await
);
kind!(
    /// Panics each time, two tries.
    Panics, "test.panics", { const MAX_ATTEMPTS: u16 = 2; }, |self, cx| {
        drop(cx.services().report(&cx, self.n));
        panic!("of its own\0 accord")
    }
);
kind!(
    /// Never returns, may run for 50 ms, two tries.
    Hangs, "test.hangs", {
        const MAX_ATTEMPTS: u16 = 2;
        const TIMEOUT: Duration = Duration::from_millis(50);
    }, |self, cx| hand_over(cx, self.n).await
);
kind!(
    /// Blocks its thread until the test lets it go, may run for 50 ms, one try.
    Blocks, "test.blocks", {
        const MAX_ATTEMPTS: u16 = 1;
        const TIMEOUT: Duration = Duration::from_millis(50);
    }, |self, cx| {
        drop(cx.services().report(&cx, self.n));
        let _ = cx.services().blocker.lock().unwrap().recv();
        Err(JobError::fail("it was let go"))
    }
);
kind!(
    /// A kind that no registry of these tests knows.
    Unknown, "test.unknown", {}, |self, _cx| Ok(Done::empty())
);

/// Was `test.former` once, and its field was `number` in version 1. Ends at once, telling the test.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Renamed {
    #[serde(alias = "number")]
    pub(crate) n: u64,
}

impl Job<World> for Renamed {
    const NAME: &'static str = "test.renamed";
    const FORMERLY: &'static [&'static str] = &["test.former"];
    const VERSION: u16 = 2;

    async fn run(self, cx: JobContext<World>) -> JobResult {
        drop(cx.services().report(&cx, self.n));
        Ok(Done::with(&serde_json::json!({ "n": self.n })))
    }
}

/// A platform job that writes nothing.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upkeep {
    pub(crate) n: u64,
}

impl Job<World, Platform> for Upkeep {
    const NAME: &'static str = "test.platform";
    const MAX_ATTEMPTS: u16 = 2;

    async fn run(self, cx: JobContext<World, Platform>) -> JobResult {
        let tx = cx.begin().await?;
        cx.finish(tx, serde_json::json!("done")).await
    }
}

pub(crate) fn registry() -> Registry<World> {
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

pub(crate) fn company_job<J: Job<World>>(company: CompanyId, job: &J) -> NewJob {
    NewJob::new::<World, CompanyId, J>(company, job)
}

pub(crate) fn platform_job<J: Job<World, Platform>>(job: &J) -> NewJob {
    NewJob::new::<World, Platform, J>(Platform, job)
}
