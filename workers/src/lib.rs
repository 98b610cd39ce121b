//! The fleet process: takes due jobs and runs them on apalis. Knows jobs only through the registry.
//!
//! ```text
//! NOTIFY -> relay (leader)  : due rows, fairly over companies, into a sorted set per queue
//!           fetcher (queue) : BZMPOP as many ids as slots are free, claims them in one statement
//!           apalis worker   : calls the handler with each claimed job
//!           runner          : decode, span, time-out, panic; the end is recorded in Postgres
//! maintenance (own thread)        : heartbeat, rescue of lost workers' jobs, gauges
//! ```
//!
//! `carrier` is the other backend: the same sorted sets, with apalis-redis between them and the fetchers.
//!
//! Redis keys, all under the namespace: `{ns}:queue:{name}`, a sorted set of job ids (16 bytes) by
//! virtual time; `{ns}:epoch`, the mark of the relay that filled them. Both can vanish at any moment:
//! the relay sees that the epoch is gone and pushes every due row again. While Redis doesn't answer,
//! fetchers take ids straight from Postgres.

mod config;
mod worker_process;

mod backend;
mod fetcher;
mod handler;
mod sorted_set;
mod id_source;

mod apalis_redis;

mod fair_order;
mod relay;

mod gauges;
mod last_seen;
mod maintenance;
mod running;

pub use config::{QueueBackend, Slots, WorkerConfig};
pub use worker_process::{Workers, WorkersError};
