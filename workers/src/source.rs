//! Where a fetcher gets ids: from Redis in fair order, or straight from Postgres while Redis is away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use platform::db::Db;
use platform::ids::Uuid;
use platform::queue::{Queue, claim};
use tokio::sync::Mutex;

use crate::carrier::Carried;
use crate::sorted::{BLOCK, SortedSet};

const GLANCE: Duration = Duration::from_millis(1);
const LOOK_FOR_REDIS_EVERY: Duration = Duration::from_secs(1);
/// How often the fallback goes back to the oldest row: for those that were inserted late.
const LOOK_BACK_EVERY: Duration = Duration::from_millis(100);
const POLL_POSTGRES_EVERY: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) struct Source {
    db: Db,
    queue: Queue,
    index: Index,
    /// Postgres had jobs that Redis hadn't: don't wait for it.
    ahead_of_redis: bool,
    /// One for all fetchers of the queue: they would take the same rows.
    fallback: Arc<Mutex<Cursor>>,
}

/// The way from the relay's sorted set to this fetcher.
#[derive(Debug)]
pub(crate) enum Index {
    /// None: it pops them itself.
    Direct(Box<Direct>),
    /// Over apalis-redis.
    Carried(Carried),
}

#[derive(Debug)]
pub(crate) struct Direct {
    pub(crate) redis: redis::Client,
    pub(crate) namespace: String,
    set: Option<SortedSet>,
    looked_for: Option<Instant>,
}

/// How far the fallback has read: without it every look walks over the dead entries of jobs that
/// were taken before.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    after: Option<(DateTime<Utc>, Uuid)>,
    looked_back: Option<Instant>,
}

impl Source {
    pub(crate) fn new(db: Db, queue: Queue, index: Index, fallback: Arc<Mutex<Cursor>>) -> Self {
        Self {
            db,
            queue,
            index,
            ahead_of_redis: false,
            fallback,
        }
    }

    /// Up to `limit` ids of jobs that are probably due; none after about a second without any. The
    /// claim decides.
    pub(crate) async fn next(&mut self, limit: usize) -> Vec<Uuid> {
        let block = if self.ahead_of_redis { GLANCE } else { BLOCK };
        let given = match &mut self.index {
            Index::Direct(direct) => direct.take(self.queue, limit, block).await,
            Index::Carried(carried) => carried.take(limit, block).await,
        };
        if let Some(ids) = given.as_ref().filter(|ids| !ids.is_empty()) {
            self.ahead_of_redis = false;
            return ids.clone();
        }
        // Nothing for a second: see for ourselves. Redis may be too full to be given ids.
        let ids = self.look_into_postgres(limit, given.is_some()).await;
        self.ahead_of_redis = !ids.is_empty();
        ids
    }

    async fn look_into_postgres(&mut self, limit: usize, redis_is_there: bool) -> Vec<Uuid> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        match self.read_on(limit).await {
            Ok(due) => {
                if due.is_empty() && !redis_is_there {
                    tokio::time::sleep(POLL_POSTGRES_EVERY).await;
                }
                due
            }
            Err(cause) => {
                tracing::warn!(%cause, "neither Redis nor Postgres gives jobs");
                tokio::time::sleep(BLOCK).await;
                Vec::new()
            }
        }
    }

    async fn read_on(&self, limit: i64) -> sqlx::Result<Vec<Uuid>> {
        let mut cursor = self.fallback.lock().await;
        cursor.look_back();
        let due =
            claim::list_claimable(self.db.hot(), Some(self.queue), cursor.after, limit).await?;
        cursor.after = due.last().copied().or(cursor.after);
        Ok(due.into_iter().map(|(_, id)| id).collect())
    }
}

impl Cursor {
    fn look_back(&mut self) {
        if self
            .looked_back
            .is_none_or(|at| at.elapsed() >= LOOK_BACK_EVERY)
        {
            *self = Self {
                after: None,
                looked_back: Some(Instant::now()),
            };
        }
    }
}

impl Direct {
    pub(crate) fn new(redis: redis::Client, namespace: String) -> Self {
        Self {
            redis,
            namespace,
            set: None,
            looked_for: None,
        }
    }

    /// `None` while Redis is away.
    async fn take(&mut self, queue: Queue, limit: usize, block: Duration) -> Option<Vec<Uuid>> {
        if self.set.is_none() {
            self.look_for_redis(queue).await;
        }
        match self.set.as_mut()?.pop(limit, block).await {
            Ok(ids) => Some(ids),
            Err(cause) => {
                tracing::warn!(%cause, queue = queue.name(), "Redis is away, taking jobs from Postgres");
                self.set = None;
                self.looked_for = Some(Instant::now());
                None
            }
        }
    }

    async fn look_for_redis(&mut self, queue: Queue) {
        if self
            .looked_for
            .is_some_and(|at| at.elapsed() < LOOK_FOR_REDIS_EVERY)
        {
            return;
        }
        self.looked_for = Some(Instant::now());
        match SortedSet::connect(&self.redis, &self.namespace, queue).await {
            Ok(set) => self.set = Some(set),
            Err(cause) => tracing::debug!(%cause, "Redis is still away"),
        }
    }
}
