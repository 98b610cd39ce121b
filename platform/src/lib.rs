//! The spine: configuration, connections, time, secrets, files, metrics and the job queue.
//! No business word and no provider's name; the queue could be lifted out and used elsewhere.

pub mod config;
pub mod ids;

pub mod db;
pub mod redis;

pub mod queue;

pub mod blobs;
pub mod crypto;
pub mod micro_batch;
pub mod money;

pub mod probes;
pub mod task;
pub mod telemetry;

#[cfg(feature = "testing")]
pub mod testing;
