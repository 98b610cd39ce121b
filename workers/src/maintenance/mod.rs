//! Heartbeat, relay, rescue and gauges. They run on a thread and a runtime of their own with
//! connections of their own, so that no busy job delays them.

mod gauges;
mod heartbeat;
mod rescuer;
mod unknown_claims;

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio_util::sync::CancellationToken;

use crate::config::WorkerConfig;
use crate::fetcher::ProcessContext;
use crate::last_seen::LastSeen;
use crate::relay::Relay;

pub(crate) struct Maintenance {
    pub(crate) config: WorkerConfig,
    pub(crate) process: ProcessContext,
    pub(crate) redis: redis::Client,
    /// When a task last ran on the runtime of the jobs.
    pub(crate) runtime_last_seen: LastSeen,
    pub(crate) stop: CancellationToken,
}

impl Maintenance {
    /// Starts the thread. It runs until `stop`, and cancels `ended` however it ends.
    pub(crate) fn spawn_thread(
        self,
        ended: CancellationToken,
    ) -> std::io::Result<std::thread::JoinHandle<()>> {
        std::thread::Builder::new()
            .name("maintenance".to_owned())
            .spawn(move || {
                let _ended = ended.drop_guard();
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                match runtime {
                    Ok(runtime) => runtime.block_on(self.run()),
                    Err(cause) => tracing::error!(%cause, "maintenance runtime not started"),
                }
            })
    }

    async fn run(self) {
        let pool = create_pool(self.process.db.engine_options());
        let relay_pool = create_pool(self.process.db.hot_options());
        let relay = Relay::new(relay_pool.clone(), self.redis.clone(), &self.config.redis);
        tokio::join!(
            relay.run(self.stop.clone()),
            self.run_heartbeat(&pool),
            self.run_rescuer(&pool),
            self.requeue_unknown_claims(&pool)
        );
        tokio::join!(pool.close(), relay_pool.close());
    }

    /// Sleeps for `time`. Returns `false` once it is time to stop.
    async fn sleep_unless_stopped(&self, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(time) => true,
        }
    }
}

/// Two connections, made when they are needed.
fn create_pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(2)
        .acquire_timeout(Duration::from_secs(5))
        .connect_lazy_with(options)
}
