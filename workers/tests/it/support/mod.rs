//! What the engine's tests share: servers, job types whose outcome the test decides, and waiting
//! for rows.

mod kinds;
mod proxy;
mod redis;
mod test_fleet;
mod watch;

use std::future::Future;
use std::time::Duration;

pub(crate) use kinds::{
    Blocks, Hangs, Once, Panics, Ping, Reconcile, Renamed, Run, Step, TestServices, Unknown,
    Upkeep, company_job, platform_job,
};
pub(crate) use proxy::Proxy;
pub(crate) use redis::TestRedis;
pub(crate) use test_fleet::TestFleet;

/// Defines two tests for each function, one per backend.
macro_rules! over_both_backends {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            use workers::QueueBackend;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn over_vigie() {
                crate::support::guarded(super::$name(QueueBackend::Vigie)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn over_apalis_redis() {
                crate::support::guarded(super::$name(QueueBackend::ApalisRedis)).await;
            }
        })+
    };
}

/// Fails a test that doesn't end within a minute.
pub(crate) async fn guarded(test: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(60), Box::pin(test))
        .await
        .expect("the test hangs");
}
