//! The relay's writes to Redis: the epoch key and the sorted set of each queue.

use std::collections::BTreeMap;

use platform::ids::Uuid;
use platform::queue::Queue;
use platform::queue::due::Due;
use redis::RedisResult;
use redis::aio::ConnectionManager;

use crate::fair_order::VirtualTimes;
use crate::sorted_set::queue_key;

pub(super) struct RedisIndex {
    redis: redis::Client,
    connection: Option<ConnectionManager>,
    namespace: String,
    epoch: String,
    times: BTreeMap<Queue, VirtualTimes>,
}

/// Whether Redis still holds what this relay pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Epoch {
    Current,
    /// Redis lost its data, or another process led.
    New,
}

/// Whether a push charges companies for their turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TurnCharge {
    Charged,
    /// The rows were probably pushed before.
    Repeated,
}

impl RedisIndex {
    pub(super) fn new(redis: redis::Client, namespace: String) -> Self {
        Self {
            redis,
            connection: None,
            namespace,
            epoch: String::new(),
            times: BTreeMap::new(),
        }
    }

    pub(super) fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Makes the next [`RedisIndex::renew_epoch`] start a new epoch.
    pub(super) fn forget_epoch(&mut self) {
        self.epoch.clear();
    }

    /// Starts a new epoch if Redis doesn't hold this relay's epoch.
    pub(super) async fn renew_epoch(&mut self) -> RedisResult<Epoch> {
        let key = format!("{}:epoch", self.namespace);
        let connection = self.connect().await?;
        let found: Option<String> = redis::cmd("GET").arg(&key).query_async(connection).await?;
        metrics::gauge!("vigie_redis_up").set(1.0);
        if found.is_some_and(|found| found == self.epoch) {
            return Ok(Epoch::Current);
        }
        let epoch = Uuid::new_v4().to_string();
        redis::cmd("SET")
            .arg(&key)
            .arg(&epoch)
            .query_async::<()>(self.connect().await?)
            .await?;
        self.epoch = epoch;
        Ok(Epoch::New)
    }

    /// Adds the ids that the sorted sets don't hold yet.
    pub(super) async fn push_rows(&mut self, rows: &[Due], charge: TurnCharge) -> RedisResult<()> {
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
        let lowest_scores = self.read_lowest_scores(&keys).await?;
        let mut pipe = redis::pipe();
        for (((queue, rows), key), lowest) in by_queue.iter().zip(&keys).zip(lowest_scores) {
            let times = self.times.entry(*queue).or_default();
            times.advance_to(lowest);
            let command = pipe.cmd("ZADD").arg(key).arg("NX");
            for (row, score) in rows.iter().zip(compute_scores(times, rows, charge)) {
                command.arg(score).arg(row.id.as_bytes());
            }
            command.ignore();
        }
        pipe.query_async::<()>(self.connect().await?).await?;
        Ok(())
    }

    /// Returns the lowest score of each set. It is where newcomers start, so it is read before
    /// every push: a score read before the previous push would place newcomers behind that push.
    async fn read_lowest_scores(&mut self, keys: &[String]) -> RedisResult<Vec<Option<f64>>> {
        let mut pipe = redis::pipe();
        for key in keys {
            pipe.cmd("ZRANGE").arg(key).arg(0).arg(0).arg("WITHSCORES");
        }
        let first: Vec<Vec<(Vec<u8>, f64)>> = pipe.query_async(self.connect().await?).await?;
        Ok(first
            .iter()
            .map(|members| members.first().map(|(_, score)| *score))
            .collect())
    }

    async fn connect(&mut self) -> RedisResult<&mut ConnectionManager> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => platform::redis::open_connection(&self.redis).await?,
        };
        Ok(self.connection.insert(connection))
    }
}

fn compute_scores(times: &mut VirtualTimes, rows: &[&Due], charge: TurnCharge) -> Vec<f64> {
    match charge {
        TurnCharge::Charged => rows
            .iter()
            .map(|row| times.charge_turn(row.company_id, row.priority.code()))
            .collect(),
        TurnCharge::Repeated => {
            let mut repeated = times.repeat_turns();
            rows.iter()
                .map(|row| repeated.next_score(row.company_id, row.priority.code()))
                .collect()
        }
    }
}
