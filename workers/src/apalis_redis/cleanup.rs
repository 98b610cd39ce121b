//! Deletes what apalis-redis leaves in Redis. The crate's own `vacuum` reads every task at once and
//! keeps the sets.

use apalis_redis::Config;
use redis::RedisResult;
use redis::aio::ConnectionManager;

/// Tasks deleted at once.
const MAX_TASKS: usize = 1_000;
/// How long the crate's metadata of a worker outlives the worker.
const METADATA_TTL_SECONDS: usize = 3_600;

/// Deletes tasks that are done, renews the metadata of living workers, and counts tasks. If no task
/// waits and no worker holds one, the data that is left belongs to no task and is deleted too.
const DELETE_DONE_TASKS: &str = "
local q, max_tasks = KEYS[1], tonumber(ARGV[1])
local over = redis.call('SPOP', q .. ':done', max_tasks)
for _, id in ipairs(redis.call('SPOP', q .. ':dead', max_tasks)) do over[#over + 1] = id end
local waiting = redis.call('LLEN', q .. ':active') + redis.call('ZCARD', q .. ':scheduled')
local held = 0
for _, worker in ipairs(redis.call('ZRANGE', q .. ':workers', 0, -1)) do
  held = held + redis.call('SCARD', q .. ':inflight:' .. worker)
  redis.call('EXPIRE', q .. ':workers:metadata:' .. worker, ARGV[3])
end
if waiting + held + #over == 0 then over = redis.call('HKEYS', q .. ':data') end
for _, id in ipairs(over) do
  redis.call('HDEL', q .. ':data', id)
  redis.call('UNLINK', q .. ':meta:' .. id)
end
return {waiting, redis.call('SCARD', q .. ':inflight:' .. ARGV[2])}
";

/// Deletes a worker and the tasks that it holds.
const DELETE_WORKER: &str = "
local q, worker = KEYS[1], ARGV[1]
local held = q .. ':inflight:' .. worker
for _, id in ipairs(redis.call('SMEMBERS', held)) do
  redis.call('HDEL', q .. ':data', id)
  redis.call('UNLINK', q .. ':meta:' .. id)
end
redis.call('ZREM', q .. ':workers', worker)
redis.call('UNLINK', held, q .. ':workers:metadata:' .. worker)
";

#[derive(Debug, Clone, Copy)]
pub(super) struct TaskCounts {
    /// Tasks that no worker of any process has fetched.
    pub(super) waiting: usize,
    /// Tasks that this worker fetched and has not acknowledged.
    pub(super) held: usize,
}

pub(super) async fn delete_done_tasks(
    redis: &mut ConnectionManager,
    config: &Config,
    worker: &str,
) -> RedisResult<TaskCounts> {
    let (waiting, held) = redis::cmd("EVAL")
        .arg(DELETE_DONE_TASKS)
        .arg(1)
        .arg(config.queue.as_ref())
        .arg(MAX_TASKS)
        .arg(worker)
        .arg(METADATA_TTL_SECONDS)
        .query_async(redis)
        .await?;
    Ok(TaskCounts { waiting, held })
}

/// If this fails, the crate moves the worker's tasks to another worker once it counts as orphaned.
pub(super) async fn delete_worker(
    redis: &mut ConnectionManager,
    config: &Config,
    worker: &str,
) -> RedisResult<()> {
    redis::cmd("EVAL")
        .arg(DELETE_WORKER)
        .arg(1)
        .arg(config.queue.as_ref())
        .arg(worker)
        .query_async(redis)
        .await
}
