//! How a worker process is sized.

use std::str::FromStr;
use std::time::Duration;

use platform::config::Env;
use platform::queue::Queue;
use platform::queue::liveness::MAX_HEARTBEAT_AGE;
use platform::redis::RedisConfig;

/// How many jobs of each queue run at once in this process.
#[derive(Debug, Clone, Copy)]
pub struct Slots {
    pub fast: usize,
    pub default: usize,
    pub heavy: usize,
}

impl Slots {
    pub(crate) fn of_queue(self, queue: Queue) -> usize {
        match queue {
            Queue::Fast => self.fast,
            Queue::Default => self.default,
            Queue::Heavy => self.heavy,
        }
    }
}

/// How job ids get from the relay's sorted sets to the fetchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueBackend {
    /// Fetchers pop the sorted sets: fair over companies at any depth.
    Vigie,
    /// The apalis-redis crate stands between: first in, first out within a shallow queue.
    ApalisRedis,
}

impl FromStr for QueueBackend {
    type Err = &'static str;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s {
            "vigie" => Ok(Self::Vigie),
            "apalis-redis" => Ok(Self::ApalisRedis),
            _ => Err("must be vigie or apalis-redis"),
        }
    }
}

#[derive(Debug, Clone)]
pub struct WorkerConfig {
    pub redis: RedisConfig,
    pub queue_backend: QueueBackend,
    pub slots: Slots,
    /// The interval of heartbeats. After four missed ones the process counts as lost.
    pub heartbeat: Duration,
    /// How long running jobs may go on after the signal to stop; then they are requeued.
    pub grace: Duration,
}

impl WorkerConfig {
    pub fn from_env(env: &mut Env) -> Self {
        let config = Self {
            redis: RedisConfig::from_env(env),
            queue_backend: env.parse_or("VIGIE_QUEUE_BACKEND", QueueBackend::Vigie),
            slots: Slots {
                fast: env.parse_or("VIGIE_SLOTS_FAST", 64),
                default: env.parse_or("VIGIE_SLOTS_DEFAULT", 16),
                heavy: env.parse_or("VIGIE_SLOTS_HEAVY", 1),
            },
            heartbeat: Duration::from_millis(env.parse_or("VIGIE_HEARTBEAT_MS", 2_000)),
            grace: Duration::from_secs(env.parse_or("VIGIE_GRACE_SECONDS", 25)),
        };
        if config.heartbeat.is_zero() || config.dead_after() > MAX_HEARTBEAT_AGE {
            env.report_problem("VIGIE_HEARTBEAT_MS must be between 1 and 2000");
        }
        if Queue::ALL
            .iter()
            .any(|queue| config.slots.of_queue(*queue) == 0)
        {
            env.report_problem(
                "VIGIE_SLOTS_FAST, VIGIE_SLOTS_DEFAULT and VIGIE_SLOTS_HEAVY must be at least 1: \
                 a queue without slots has no consumer",
            );
        }
        config
    }

    /// Returns how old a heartbeat may be before its worker counts as lost.
    pub(crate) fn dead_after(&self) -> Duration {
        self.heartbeat * 4
    }
}
