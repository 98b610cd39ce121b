//! What must go on whatever the jobs do: heartbeat, relay and rescue, on a thread and runtime of their
//! own with connections of their own, so that no busy job delays them.

use std::time::{Duration, Instant};

use platform::db::{Db, with_deadline};
use platform::ids::{JobId, Uuid};
use platform::queue::{lease, liveness, rescue};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio_util::sync::CancellationToken;

use crate::config::WorkerConfig;
use crate::fetch::Process;
use crate::gauges;
use crate::mark::Mark;
use crate::relay::Relay;

/// Two of them, and the worker isn't lost yet.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
const GAUGES_EVERY: Duration = Duration::from_secs(5);
const RECOLLECT_EVERY: Duration = Duration::from_secs(60);

pub(crate) struct Pulse {
    pub(crate) config: WorkerConfig,
    pub(crate) process: Process,
    pub(crate) redis: redis::Client,
    /// When the runtime of the jobs last showed that it turns.
    pub(crate) turned: Mark,
    pub(crate) stop: CancellationToken,
}

impl Pulse {
    /// Starts the thread; it ends after `stop`, and `ended` tells of it.
    pub(crate) fn start(
        self,
        db: &Db,
        ended: CancellationToken,
    ) -> std::io::Result<std::thread::JoinHandle<()>> {
        let (options, relays) = (db.engine_options(), db.hot_options());
        std::thread::Builder::new()
            .name("pulse".to_owned())
            .spawn(move || {
                // However it ends.
                let _ended = ended.drop_guard();
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                match runtime {
                    Ok(runtime) => runtime.block_on(async move {
                        self.run(pool(options, 2), pool(relays, 2)).await;
                    }),
                    Err(cause) => tracing::error!(%cause, "no runtime for the pulse"),
                }
            })
    }

    async fn run(self, pool: PgPool, relays: PgPool) {
        let relay = Relay::new(relays.clone(), self.redis.clone(), &self.config.redis);
        tokio::join!(
            relay.run(self.stop.clone()),
            self.beat(&pool),
            self.rescue(&pool),
            self.recollect(&pool)
        );
        tokio::join!(pool.close(), relays.close());
    }

    async fn beat(&self, pool: &PgPool) {
        while self.sleep(self.config.heartbeat).await {
            let still = self.turned.ago();
            if still > self.config.dead_after() {
                tracing::error!(
                    seconds = still.as_secs(),
                    "every thread of the jobs is blocked: no heartbeat, so that others take the jobs"
                );
                continue;
            }
            match self.beat_once(pool).await {
                Ok(asked_to_stop) => {
                    self.process.beaten.set();
                    for id in asked_to_stop {
                        self.process.running.cancel(id);
                    }
                }
                Err(cause) => tracing::warn!(%cause, "heartbeat missed"),
            }
        }
    }

    /// A connection that doesn't answer in time is given up: the next beat takes another.
    async fn beat_once(&self, pool: &PgPool) -> sqlx::Result<Vec<JobId>> {
        let running: Vec<_> = self
            .process
            .running
            .claims()
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        let worker = self.process.worker;
        with_deadline(pool, ANSWER_WITHIN, async |conn| {
            liveness::record_heartbeat(conn, worker, &running).await
        })
        .await
    }

    /// Looks, now and then, for jobs that are this process's by their rows and that nobody here runs.
    async fn recollect(&self, pool: &PgPool) {
        while self.sleep(RECOLLECT_EVERY).await {
            let Process {
                worker,
                running,
                claiming,
                completions,
                ..
            } = &self.process;
            // Before the rows are read, and in the order in which a claim passes through the three.
            let unconfirmed = claiming.ids();
            let mut known = running.claims();
            known.extend(completions.open());
            match rescue::requeue_unknown_claims(pool, *worker, &known, &unconfirmed).await {
                Ok(0) => {}
                Ok(jobs) => {
                    tracing::error!(jobs, "jobs of this process that nobody ran were given back");
                    if let Err(cause) = platform::queue::notify(pool).await {
                        tracing::debug!(%cause, "the relay isn't told");
                    }
                }
                Err(cause) => tracing::warn!(%cause, "jobs not recollected"),
            }
        }
    }

    async fn rescue(&self, pool: &PgPool) {
        let holder = Uuid::new_v4();
        let every = (self.config.heartbeat / 2).min(lease::RENEW_EVERY);
        let mut steady_since = Instant::now();
        let mut last = Instant::now();
        let mut gauges_due = Instant::now();
        while self.sleep(every).await {
            // After a stall, of ours or of the database, the others' heartbeats are as late as ours:
            // give them the time to show themselves before calling them lost.
            if last.elapsed() > every + self.config.heartbeat {
                steady_since = Instant::now();
            }
            last = Instant::now();
            let steady = steady_since.elapsed() >= self.config.dead_after();
            match self.lead(pool, holder, steady).await {
                Ok(true) if gauges_due <= Instant::now() => {
                    gauges_due = Instant::now() + GAUGES_EVERY;
                    if let Err(cause) = gauges::set(pool).await {
                        tracing::debug!(%cause, "gauges not set");
                    }
                }
                Ok(_) => {}
                Err(cause) => {
                    steady_since = Instant::now();
                    tracing::warn!(%cause, "rescue in trouble");
                }
            }
        }
        if let Err(cause) = lease::release_lease(pool, "rescuer", holder).await {
            tracing::debug!(%cause, "rescuer's lease not given up");
        }
    }

    /// Whether this process leads.
    async fn lead(&self, pool: &PgPool, holder: Uuid, steady: bool) -> sqlx::Result<bool> {
        if !lease::acquire_lease(pool, "rescuer", holder).await? {
            return Ok(false);
        }
        if steady {
            let rescued = rescue::rescue_lost_workers(pool, self.config.dead_after()).await?;
            if rescued != rescue::Rescued::default() {
                tracing::warn!(
                    requeued = rescued.requeued,
                    parked = rescued.parked,
                    finished = rescued.finished,
                    "jobs of lost workers rescued"
                );
                let count = |n: i64| u64::try_from(n).unwrap_or_default();
                metrics::counter!("vigie_jobs_rescued_total").increment(count(rescued.requeued));
                metrics::counter!("vigie_jobs_parked_total", "reason" => "poison")
                    .increment(count(rescued.parked));
                // The relay may be another process: tell it.
                platform::queue::notify(pool).await?;
            }
        }
        Ok(true)
    }

    /// Sleeps; `false` once it is time to stop.
    async fn sleep(&self, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(time) => true,
        }
    }
}

fn pool(options: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(5))
        .connect_lazy_with(options)
}
