//! What every crate builds on: configuration, connections, ids, secrets, files, telemetry and the
//! job queue. It holds no business word and no provider's name, so the queue could be used
//! elsewhere.
//!
//! Functions that run SQL return the database's error when a statement fails.

pub mod config;
pub mod ids;

pub mod db;
pub mod redis;
mod store_error;

pub mod queue;

pub mod blobs;
pub mod crypto;
pub mod csv;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod micro_batch;
pub mod money;

pub mod probes;
pub mod task;
pub mod telemetry;
pub mod text;

pub use store_error::StoreError;
