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

mod job;
mod job_context;
mod job_error;
mod job_result;
mod job_scope;

mod failure_class;
mod progress;

mod enqueue;
mod new_job;
mod priority;
mod queue_name;
mod uniqueness;

pub mod cron;
pub mod registry;
pub mod retry;

pub mod batch;
pub mod claim;
pub mod control;
pub mod control_many;
pub mod due;
pub mod finish;
pub mod lease;
mod relay_notifier;
pub mod rescue;
pub mod retention;
pub mod runner;
pub mod schedule;
pub mod view;

pub use claim::Claim;
pub(crate) use enqueue::enqueue_jobs;
pub use failure_class::FailureClass;
pub use job::{EnqueuedBy, Job};
pub use job_context::{Attempt, JobContext};
pub use job_error::{Cause, JobError};
pub use job_result::{Done, JobResult};
pub use job_scope::{JobScope, Platform};
pub use new_job::{Enqueued, NewJob};
pub use priority::Priority;
pub use progress::Progress;
pub use queue_name::Queue;
pub use registry::Registry;
pub use relay_notifier::{CHANNEL, RelayNotifier, notify};
pub use uniqueness::Uniqueness;
