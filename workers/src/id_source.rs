//! Where a fetcher gets job ids: from Redis in fair order, or from Postgres while Redis is away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use platform::db::Db;
use platform::ids::Uuid;
use platform::queue::{Queue, claim};
use tokio::sync::Mutex;

use crate::apalis_redis::FedIds;
use crate::sorted_set::{POP_TIMEOUT, SortedSet};

/// The timeout of a pop while Redis lags behind Postgres.
const SHORT_POP_TIMEOUT: Duration = Duration::from_millis(1);
const RECONNECT_INTERVAL: Duration = Duration::from_secs(1);
/// How often the fallback starts at the oldest row again, for rows that were committed late.
const LOOK_BACK_INTERVAL: Duration = Duration::from_millis(100);
const POLL_POSTGRES_INTERVAL: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) struct IdSource {
    db: Db,
    queue: Queue,
    redis: RedisSource,
    /// Whether Postgres last had jobs that Redis had not.
    is_redis_behind: bool,
    /// Shared by all fetchers of the queue, which would otherwise read the same rows.
    fallback: Arc<Mutex<FallbackCursor>>,
}

/// How ids get from the relay's sorted set to this fetcher.
#[derive(Debug)]
pub(crate) enum RedisSource {
    SortedSet(Box<SortedSetSource>),
    ApalisRedis(FedIds),
}

/// How far the fallback has read. Without a cursor each read would walk over the dead index entries
/// of jobs that were claimed before.
#[derive(Debug, Default)]
pub(crate) struct FallbackCursor {
    after: Option<(DateTime<Utc>, Uuid)>,
    looked_back_at: Option<Instant>,
}

impl IdSource {
    pub(crate) fn new(
        db: Db,
        queue: Queue,
        redis: RedisSource,
        fallback: Arc<Mutex<FallbackCursor>>,
    ) -> Self {
        Self {
            db,
            queue,
            redis,
            is_redis_behind: false,
            fallback,
        }
    }

    /// Returns up to `limit` ids of jobs that are probably due, or none after about a second. The
    /// claim decides whether a job is due.
    pub(crate) async fn next_ids(&mut self, limit: usize) -> Vec<Uuid> {
        let timeout = if self.is_redis_behind {
            SHORT_POP_TIMEOUT
        } else {
            POP_TIMEOUT
        };
        let popped = match &mut self.redis {
            RedisSource::SortedSet(set) => set.pop_ids(self.queue, limit, timeout).await,
            RedisSource::ApalisRedis(ids) => ids.receive_ids(limit, timeout).await,
        };
        let is_redis_up = popped.is_some();
        if let Some(ids) = popped.filter(|ids| !ids.is_empty()) {
            self.is_redis_behind = false;
            return ids;
        }
        // Even if Redis is up: it may be too full to accept ids.
        let ids = self.read_postgres(limit, is_redis_up).await;
        self.is_redis_behind = !ids.is_empty();
        ids
    }

    async fn read_postgres(&mut self, limit: usize, is_redis_up: bool) -> Vec<Uuid> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        match self.read_due_ids(limit).await {
            Ok(due) => {
                if due.is_empty() && !is_redis_up {
                    tokio::time::sleep(POLL_POSTGRES_INTERVAL).await;
                }
                due
            }
            Err(cause) => {
                tracing::warn!(%cause, "no jobs from Redis, and reading them from Postgres failed");
                tokio::time::sleep(POP_TIMEOUT).await;
                Vec::new()
            }
        }
    }

    async fn read_due_ids(&self, limit: i64) -> sqlx::Result<Vec<Uuid>> {
        let mut cursor = self.fallback.lock().await;
        cursor.look_back();
        let due =
            claim::list_claimable(self.db.hot(), Some(self.queue), cursor.after, limit).await?;
        cursor.after = due.last().copied().or(cursor.after);
        Ok(due.into_iter().map(|(_, id)| id).collect())
    }
}

impl FallbackCursor {
    /// Returns to the oldest row when the last return is long enough ago.
    fn look_back(&mut self) {
        if self
            .looked_back_at
            .is_none_or(|at| at.elapsed() >= LOOK_BACK_INTERVAL)
        {
            *self = Self {
                after: None,
                looked_back_at: Some(Instant::now()),
            };
        }
    }
}

/// Pops the sorted set of a queue, and reconnects when Redis comes back.
#[derive(Debug)]
pub(crate) struct SortedSetSource {
    redis: redis::Client,
    namespace: String,
    set: Option<SortedSet>,
    last_connect_at: Option<Instant>,
}

impl SortedSetSource {
    pub(crate) fn new(redis: redis::Client, namespace: String) -> Self {
        Self {
            redis,
            namespace,
            set: None,
            last_connect_at: None,
        }
    }

    /// Returns `None` while Redis is away.
    async fn pop_ids(
        &mut self,
        queue: Queue,
        limit: usize,
        timeout: Duration,
    ) -> Option<Vec<Uuid>> {
        if self.set.is_none() {
            self.connect_to_redis(queue).await;
        }
        match self.set.as_mut()?.pop_ids(limit, timeout).await {
            Ok(ids) => Some(ids),
            Err(cause) => {
                let queue = queue.name();
                tracing::warn!(%cause, queue, "Redis is away, taking jobs from Postgres");
                self.set = None;
                self.last_connect_at = Some(Instant::now());
                None
            }
        }
    }

    async fn connect_to_redis(&mut self, queue: Queue) {
        if self
            .last_connect_at
            .is_some_and(|at| at.elapsed() < RECONNECT_INTERVAL)
        {
            return;
        }
        self.last_connect_at = Some(Instant::now());
        match SortedSet::connect(&self.redis, &self.namespace, queue).await {
            Ok(set) => self.set = Some(set),
            Err(cause) => tracing::debug!(%cause, "Redis is still away"),
        }
    }
}
