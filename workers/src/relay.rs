//! The relay: puts the ids of due rows into Redis, fairly over companies. One leads at a time; two for
//! a moment push the same ids, which is harmless.
//!
//! It reads forward from a cursor, woken by NOTIFY or by the next scheduled time; looks at the last
//! seconds again for rows that committed late; and each second looks back over a stretch of the oldest
//! rows, for ids that were popped by a process that died before its claim. An epoch key in Redis shows
//! a flush or a restart: then every due row is pushed again.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use platform::ids::Uuid;
use platform::queue::due::{self, Due, Place, START};
use platform::queue::{CHANNEL, Queue, lease};
use platform::redis::RedisConfig;
use redis::aio::ConnectionManager;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio_util::sync::CancellationToken;

use crate::fair::VirtualTimes;
use crate::sorted::queue_key;

const BATCH: i64 = 1_000;
const LATE: i64 = 200;
const LOOK_BACK: i64 = 2_000;
const LOOK_BACK_EVERY: Duration = Duration::from_secs(1);
const AFTER_TROUBLE: Duration = Duration::from_millis(250);

pub(crate) struct Relay {
    pool: PgPool,
    redis: redis::Client,
    connection: Option<ConnectionManager>,
    namespace: String,
    holder: Uuid,
    epoch: String,
    cursor: Place,
    look_back: Place,
    looked_back: Instant,
    times: BTreeMap<Queue, VirtualTimes>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum RelayError {
    #[error("Postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
}

impl Relay {
    pub(crate) fn new(pool: PgPool, redis: redis::Client, config: &RedisConfig) -> Self {
        Self {
            pool,
            redis,
            connection: None,
            namespace: config.namespace.clone(),
            holder: Uuid::new_v4(),
            epoch: String::new(),
            cursor: START,
            look_back: START,
            looked_back: Instant::now(),
            times: BTreeMap::new(),
        }
    }

    /// Runs until told to stop. Trouble on either side is logged and tried again.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut listener = None;
        while !stop.is_cancelled() {
            let outcome = tokio::select! {
                () = stop.cancelled() => break,
                outcome = self.turn(&mut listener) => outcome,
            };
            if let Err(cause) = outcome {
                tracing::warn!(%cause, "relay in trouble");
                if matches!(cause, RelayError::Redis(_)) {
                    metrics::gauge!("vigie_redis_up").set(0.0);
                }
                listener = None;
                self.connection = None;
                tokio::time::sleep(AFTER_TROUBLE).await;
            }
        }
        if let Err(cause) = lease::release_lease(&self.pool, "relay", self.holder).await {
            tracing::debug!(%cause, "relay's lease not given up");
        }
    }

    async fn turn(&mut self, listener: &mut Option<PgListener>) -> Result<(), RelayError> {
        if !lease::acquire_lease(&self.pool, "relay", self.holder).await? {
            self.epoch.clear();
            // Nobody would read what it hears.
            *listener = None;
            tokio::time::sleep(lease::RENEW_EVERY).await;
            return Ok(());
        }
        if listener.is_none() {
            let mut fresh = PgListener::connect_with(&self.pool).await?;
            fresh.listen(CHANNEL).await?;
            *listener = Some(fresh);
        }
        self.check_epoch().await?;
        let until = Instant::now() + lease::RENEW_EVERY;
        while Instant::now() < until {
            self.push_due().await?;
            if self.looked_back.elapsed() >= LOOK_BACK_EVERY {
                self.look_back().await?;
            }
            let wait = self
                .wait()
                .await?
                .min(until.saturating_duration_since(Instant::now()));
            if let Some(listener) = listener
                && let Ok(woken) = tokio::time::timeout(wait, listener.recv()).await
            {
                woken?;
                // However many notified meanwhile: one look is enough for all.
                while let Some(another) = listener.recv().now_or_never() {
                    another?;
                }
            }
        }
        Ok(())
    }

    /// Redis that doesn't know our mark lost what was in it: push everything again.
    async fn check_epoch(&mut self) -> Result<(), RelayError> {
        let key = format!("{}:epoch", self.namespace);
        let connection = self.connect().await?;
        let found: Option<String> = redis::cmd("GET").arg(&key).query_async(connection).await?;
        metrics::gauge!("vigie_redis_up").set(1.0);
        if found.is_none_or(|found| found != self.epoch) {
            let epoch = Uuid::new_v4().to_string();
            redis::cmd("SET")
                .arg(&key)
                .arg(&epoch)
                .query_async::<()>(self.connect().await?)
                .await?;
            tracing::info!("Redis holds another epoch, pushing every due job");
            self.epoch = epoch;
            self.cursor = START;
            self.look_back = START;
        }
        Ok(())
    }

    async fn push_due(&mut self) -> Result<(), RelayError> {
        let mut pushed = HashSet::new();
        loop {
            let rows = due::list_due_after(&self.pool, self.cursor, BATCH).await?;
            if let Some(last) = rows.last() {
                // The first has waited longest.
                metrics::histogram!("vigie_relay_lag_seconds").record(rows[0].lag_seconds.max(0.0));
                self.push(&rows, Turn::First).await?;
                self.cursor = last.place();
                pushed.extend(rows.iter().map(|row| row.id));
            }
            if rows.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
                break;
            }
            if self.looked_back.elapsed() >= LOOK_BACK_EVERY {
                return Ok(());
            }
        }
        let mut late = due::list_late_commits(&self.pool, self.cursor, LATE).await?;
        // Oldest first, as all that is pushed.
        late.reverse();
        // Those of just now may be popped and not yet claimed: again would only wake a fetcher.
        late.retain(|row| !pushed.contains(&row.id));
        self.push(&late, Turn::Again).await
    }

    async fn look_back(&mut self) -> Result<(), RelayError> {
        let rows = due::list_due_after(&self.pool, self.look_back, LOOK_BACK).await?;
        self.push(&rows, Turn::Again).await?;
        let ended = rows.len() < usize::try_from(LOOK_BACK).unwrap_or(usize::MAX);
        self.look_back = rows.last().filter(|_| !ended).map_or(START, Due::place);
        self.looked_back = Instant::now();
        Ok(())
    }

    async fn wait(&self) -> Result<Duration, RelayError> {
        let next = due::load_seconds_to_next(&self.pool).await?;
        let next = next.map_or(LOOK_BACK_EVERY, |s| Duration::from_secs_f64(s.max(0.001)));
        Ok(next.min(LOOK_BACK_EVERY.saturating_sub(self.looked_back.elapsed())))
    }

    /// Adds ids that aren't there yet. Each queue's lowest score is read first: it is where newcomers
    /// start, and one read before the last batch would put them behind it.
    async fn push(&mut self, rows: &[Due], turn: Turn) -> Result<(), RelayError> {
        let mut by_queue: BTreeMap<Queue, Vec<&Due>> = BTreeMap::new();
        for row in rows {
            by_queue.entry(row.queue).or_default().push(row);
        }
        if by_queue.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = by_queue
            .keys()
            .map(|queue| queue_key(&self.namespace, *queue))
            .collect();
        let mut look = redis::pipe();
        for key in &keys {
            look.cmd("ZRANGE").arg(key).arg(0).arg(0).arg("WITHSCORES");
        }
        let lowest: Vec<Vec<(Vec<u8>, f64)>> = look.query_async(self.connect().await?).await?;
        let mut add = redis::pipe();
        for (((queue, rows), key), first) in by_queue.iter().zip(&keys).zip(&lowest) {
            let times = self.times.entry(*queue).or_default();
            times.learn(first.first().map(|(_, score)| *score));
            let command = add.cmd("ZADD").arg(key).arg("NX");
            let scores: Vec<_> = match turn {
                Turn::First => rows
                    .iter()
                    .map(|row| times.next(row.company_id, row.priority.code()))
                    .collect(),
                Turn::Again => {
                    let mut again = times.again();
                    rows.iter()
                        .map(|row| again.next(row.company_id, row.priority.code()))
                        .collect()
                }
            };
            for (row, score) in rows.iter().zip(scores) {
                command.arg(score).arg(row.id.as_bytes());
            }
            command.ignore();
        }
        add.query_async::<()>(self.connect().await?).await?;
        Ok(())
    }

    async fn connect(&mut self) -> Result<&mut ConnectionManager, RelayError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => platform::redis::connect(&self.redis).await?,
        };
        Ok(self.connection.insert(connection))
    }
}

/// Whether a push charges the company its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    First,
    Again,
}
