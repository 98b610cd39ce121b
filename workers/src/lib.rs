//! The worker process: takes due jobs and runs them on apalis. It knows jobs only through the
//! registry.
//!
//! ```text
//! NOTIFY -> relay (leader)   : due rows, fairly over companies, into one sorted set per queue
//!           fetcher (queue)  : BZMPOP as many ids as slots are free, claims them in one statement
//!           apalis worker    : calls the handler with each claimed job
//!           runner           : decode, span, timeout, panic; records the outcome in Postgres
//! maintenance (own thread)   : heartbeat, relay, rescue of lost workers' jobs, gauges
//! ```
//!
//! apalis takes claimed jobs from one backend, `claimed_jobs`. `QueueBackend` chooses how ids reach
//! the fetchers: from the sorted sets, or through the apalis-redis crate (`apalis_redis`).
//!
//! Redis keys, all under the namespace:
//!
//! * `{ns}:queue:{name}`: a sorted set of job ids (16 bytes) by virtual time less the head start.
//! * `{ns}:epoch`: the epoch of the relay that filled the sets.
//! * `{ns}:apalis:{name}:*`: the keys of the apalis-redis crate, if it is used.
//!
//! All may vanish at any moment: the relay then finds no epoch and pushes every due row again.
//! While Redis is away, fetchers take ids from Postgres.

mod config;
mod worker_process;

mod claimed_jobs;
mod fetcher;
mod handler;
mod id_source;
mod queue_worker;
mod sorted_set;

mod apalis_redis;

mod fair_order;
mod relay;

mod last_seen;
mod maintenance;

pub use config::{QueueBackend, Slots, WorkerConfig};
pub use worker_process::{StartError, WorkerProcess};
