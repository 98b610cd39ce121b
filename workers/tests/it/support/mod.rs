//! What the engine's tests share: servers, job types whose runs the test decides, and waiting for rows.

mod fleet;
mod kinds;
mod proxy;
mod redis;
mod watch;

use std::future::Future;
use std::time::Duration;

pub(crate) use fleet::Services;
pub(crate) use kinds::{
    Blocks, Hangs, Once, Panics, Ping, Reconcile, Renamed, Run, Step, Unknown, Upkeep, World,
    company_job, platform_job,
};
pub(crate) use proxy::Proxy;
pub(crate) use redis::TestRedis;

/// Makes two tests of each function: one for each backend.
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

/// Fails a test that waits for something that never comes.
pub(crate) async fn guarded(test: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(60), Box::pin(test))
        .await
        .expect("the test hangs");
}
