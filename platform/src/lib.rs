//! What every crate builds on: configuration, connections, ids, secrets, files, telemetry and the
//! job queue. It holds no business word and no provider's name, so the queue could be used
//! elsewhere.
//!
//! Functions that run SQL return the database's error when a statement fails.

pub mod config;
pub mod ids;

pub mod db;
pub mod redis;

pub mod queue;

pub mod blobs;
pub mod crypto;
pub mod money;

pub mod probes;
pub mod task;
pub mod telemetry;

#[cfg(feature = "testing")]
pub mod testing;
