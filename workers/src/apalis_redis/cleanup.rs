//! What apalis-redis leaves in Redis, and how it is cleared. Never by its own `vacuum`, which reads
//! every job in one go and leaves the sets.

use apalis_redis::Config;
use redis::RedisResult;
use redis::aio::ConnectionManager;

/// Tasks forgotten in one go.
const CHUNK: usize = 1_000;
/// How long the crate's note on a worker outlives it.
const METADATA_SECONDS: usize = 3_600;

/// Clears what is done, keeps the notes on living workers from expiring, and counts. Where nothing
/// waits and nobody holds anything, data that is left belongs to no one.
const TIDY: &str = "
local q, chunk = KEYS[1], tonumber(ARGV[1])
local over = redis.call('SPOP', q .. ':done', chunk)
for _, id in ipairs(redis.call('SPOP', q .. ':dead', chunk)) do over[#over + 1] = id end
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

/// Forgets a worker and what it holds.
const FORGET: &str = "
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
pub(crate) struct Counts {
    /// Ids that no worker of any process has fetched.
    pub(crate) waiting: usize,
    /// Ids that this worker fetched and hasn't acknowledged.
    pub(crate) held: usize,
}

/// # Errors
/// Redis's.
pub(crate) async fn tidy(
    redis: &mut ConnectionManager,
    config: &Config,
    worker: &str,
) -> RedisResult<Counts> {
    let (waiting, held) = redis::cmd("EVAL")
        .arg(TIDY)
        .arg(1)
        .arg(config.queue.as_ref())
        .arg(CHUNK)
        .arg(worker)
        .arg(METADATA_SECONDS)
        .query_async(redis)
        .await?;
    Ok(Counts { waiting, held })
}

/// # Errors
/// Redis's; what the worker holds is then given to another by the crate, once it counts as an orphan.
pub(crate) async fn forget(
    redis: &mut ConnectionManager,
    config: &Config,
    worker: &str,
) -> RedisResult<()> {
    redis::cmd("EVAL")
        .arg(FORGET)
        .arg(1)
        .arg(config.queue.as_ref())
        .arg(worker)
        .query_async(redis)
        .await
}
