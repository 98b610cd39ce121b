//! The relay: pushes the ids of due rows to Redis, fairly over companies. One process leads. Two
//! leaders at once push the same ids, which is harmless.
//!
//! * It reads forward from a cursor, woken by NOTIFY or by the next scheduled time.
//! * It reads the rows of the last seconds again, for rows that were committed late.
//! * Each second it looks back over a stretch of the oldest rows, for ids that were popped by a
//!   process that died before its claim.
//! * An epoch key in Redis shows a flush or a restart: then it pushes every due row again.

mod redis_index;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use platform::ids::Uuid;
use platform::queue::due::{self, Due, Place, START};
use platform::queue::{RELAY_CHANNEL, lease};
use platform::redis::RedisConfig;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio_util::sync::CancellationToken;

use redis_index::{Epoch, RedisIndex, TurnCharge};

/// The rows of one read and one `ZADD`. While Redis runs a command, every pop waits.
const MAX_BATCH_ROWS: i64 = 1_000;
/// Few, because they are read at every wake-up. The look-back finds what they leave out.
const MAX_LATE_ROWS: i64 = 200;
/// Behind a backlog of N rows, a lost id is pushed again after N / 2,000 seconds at the latest.
const LOOK_BACK_ROWS: i64 = 2_000;
const LOOK_BACK_INTERVAL: Duration = Duration::from_secs(1);
const WAIT_AFTER_ERROR: Duration = Duration::from_millis(250);

pub(crate) struct Relay {
    pool: PgPool,
    index: RedisIndex,
    lease_holder: Uuid,
    /// Everything due up to here was pushed.
    cursor: Place,
    look_back_cursor: Place,
    looked_back_at: Instant,
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error("Postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
}

impl Relay {
    pub(crate) fn new(pool: PgPool, redis: redis::Client, config: &RedisConfig) -> Self {
        Self {
            pool,
            index: RedisIndex::new(redis, config.namespace.clone()),
            lease_holder: Uuid::new_v4(),
            cursor: START,
            look_back_cursor: START,
            looked_back_at: Instant::now(),
        }
    }

    /// Runs until `stop`. Errors of Postgres and Redis are logged, and the round is repeated.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut listener = None;
        while !stop.is_cancelled() {
            let round = tokio::select! {
                () = stop.cancelled() => break,
                round = self.run_round(&mut listener) => round,
            };
            if let Err(cause) = round {
                tracing::warn!(%cause, "relay failed, retrying");
                if matches!(cause, RelayError::Redis(_)) {
                    metrics::gauge!("vigie_redis_up").set(0.0);
                }
                listener = None;
                self.index.disconnect();
                tokio::time::sleep(WAIT_AFTER_ERROR).await;
            }
        }
        if let Err(cause) = lease::release_lease(&self.pool, "relay", self.lease_holder).await {
            tracing::debug!(%cause, "relay's lease not released");
        }
    }

    /// Renews the lease, then pushes what becomes due until the next renewal.
    async fn run_round(&mut self, listener: &mut Option<PgListener>) -> Result<(), RelayError> {
        if !lease::acquire_lease(&self.pool, "relay", self.lease_holder).await? {
            self.index.forget_epoch();
            // Only the leader reads notifications.
            *listener = None;
            tokio::time::sleep(lease::RENEW_EVERY).await;
            return Ok(());
        }
        let listener = match listener {
            Some(listener) => listener,
            None => {
                let mut connected = PgListener::connect_with(&self.pool).await?;
                connected.listen(RELAY_CHANNEL).await?;
                listener.insert(connected)
            }
        };
        if self.index.renew_epoch().await? == Epoch::New {
            tracing::info!("Redis holds another epoch, pushing every due job");
            self.cursor = START;
            self.look_back_cursor = START;
        }
        let until = Instant::now() + lease::RENEW_EVERY;
        while Instant::now() < until {
            self.push_due_rows().await?;
            if self.looked_back_at.elapsed() >= LOOK_BACK_INTERVAL {
                self.look_back().await?;
            }
            let wait = self.time_to_next_row().await?;
            let wait = wait.min(until.saturating_duration_since(Instant::now()));
            wait_for_notification(listener, wait).await?;
        }
        Ok(())
    }

    async fn push_due_rows(&mut self) -> Result<(), RelayError> {
        let mut pushed = HashSet::new();
        loop {
            let rows = due::list_due_after(&self.pool, self.cursor, MAX_BATCH_ROWS).await?;
            if let Some(last) = rows.last() {
                // The first row has waited longest.
                metrics::histogram!("vigie_relay_lag_seconds").record(rows[0].lag_seconds.max(0.0));
                self.index.push_rows(&rows, TurnCharge::Charged).await?;
                self.cursor = last.place();
                pushed.extend(rows.iter().map(|row| row.id));
            }
            if is_last_page(&rows, MAX_BATCH_ROWS) {
                break;
            }
            if self.looked_back_at.elapsed() >= LOOK_BACK_INTERVAL {
                return Ok(());
            }
        }
        let mut late = due::list_late_commits(&self.pool, self.cursor, MAX_LATE_ROWS).await?;
        // Oldest first, as everywhere.
        late.reverse();
        // Rows pushed just now may be popped and not yet claimed: a repeated push would only wake a
        // fetcher.
        late.retain(|row| !pushed.contains(&row.id));
        Ok(self.index.push_rows(&late, TurnCharge::Repeated).await?)
    }

    async fn look_back(&mut self) -> Result<(), RelayError> {
        let rows = due::list_due_after(&self.pool, self.look_back_cursor, LOOK_BACK_ROWS).await?;
        self.index.push_rows(&rows, TurnCharge::Repeated).await?;
        self.look_back_cursor = match rows.last() {
            Some(last) if !is_last_page(&rows, LOOK_BACK_ROWS) => last.place(),
            Some(_) | None => START,
        };
        self.looked_back_at = Instant::now();
        Ok(())
    }

    /// Returns the time until the next scheduled row or look-back.
    async fn time_to_next_row(&self) -> Result<Duration, RelayError> {
        let next = due::load_seconds_to_next(&self.pool).await?;
        let next = next.map_or(LOOK_BACK_INTERVAL, |seconds| {
            Duration::from_secs_f64(seconds.max(0.001))
        });
        Ok(next.min(LOOK_BACK_INTERVAL.saturating_sub(self.looked_back_at.elapsed())))
    }
}

fn is_last_page(rows: &[Due], limit: i64) -> bool {
    rows.len() < usize::try_from(limit).unwrap_or(usize::MAX)
}

async fn wait_for_notification(listener: &mut PgListener, wait: Duration) -> sqlx::Result<()> {
    if let Ok(notification) = tokio::time::timeout(wait, listener.recv()).await {
        notification?;
        // One read of the due rows serves all notifications that arrived meanwhile.
        while let Some(notification) = listener.recv().now_or_never() {
            notification?;
        }
    }
    Ok(())
}
