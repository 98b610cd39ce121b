//! The job queue: Postgres is the truth, Redis a disposable index, apalis runs the work.
//!
//! A job's row moves `waiting -> running -> succeeded | dead | cancelled | parked`, and from running
//! back to waiting for a retry or a snooze. Each move is one statement that names the state it leaves
//! and, once claimed, the fence it holds.
//!
//! | dies here | what happens |
//! |---|---|
//! | before the enqueuing commit | neither the write nor its job exists |
//! | after it, before the relay is told | the relay's look-back finds the row |
//! | after Redis gave the id away, before the claim | the look-back pushes it again |
//! | while running | the rescuer gives the job back, one attempt spent; twice parks it |
//! | after the job's commit | the row is already in `jobs_finished`: writes and state were one commit |
//! | a worker thought dead notifies_relay up | its fence is old, its writes are rolled back |
//!
//! Job bodies know [`Job`] and [`JobContext`]; whoever enqueues knows [`NewJob`] and `db::Tx`.

mod envelope;
mod job;

mod claim_tracker;
mod completions;
mod enqueuer;

pub mod cron;
pub mod registry;
pub mod retry;

pub mod claim;
pub mod control;
pub mod control_many;
pub mod due;
pub mod finish;
pub mod lease;
pub mod outbox;
mod relay_notifier;
pub mod rescue;
pub mod retention;
pub mod runner;
pub mod schedule;
pub mod view;

pub use claim_tracker::{ClaimGuard, ClaimKey, ClaimSnapshot, ClaimTracker, Claimant};
pub use completions::Completions;
pub use enqueuer::Enqueuer;
pub use envelope::{Claim, Enqueued, NewJob, Priority, Queue, Uniqueness};
pub use job::{
    Cause, Done, FailureClass, Job, JobContext, JobError, JobResult, JobScope, Progress,
};
pub use registry::Registry;
pub use relay_notifier::{CHANNEL, RelayNotifier, notify};
