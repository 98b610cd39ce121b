//! The job queue: Postgres is the truth, Redis a disposable index, and apalis runs the jobs.
//!
//! A job's row moves `waiting -> running -> succeeded | dead | cancelled | parked`, and from
//! running back to waiting for a retry, a snooze or a rerun. Each move is one statement that names
//! the state it leaves and, once claimed, the fence of the claim.
//!
//! | the process dies | what happens |
//! |---|---|
//! | before the enqueuing commit | neither the write nor its job exists |
//! | after it, before the relay is notified | the relay's look-back finds the row |
//! | after Redis returned the id, before the claim | the look-back pushes the id again |
//! | while the job runs | the job is rescued, one attempt spent; the second time it is parked |
//! | after the job's commit | writes and state were one commit: the row is in `jobs_finished` |
//! | not at all, though it was thought dead | its fence is old, so its writes are rolled back |
//!
//! Job bodies use [`Job`] and [`JobContext`]. Callers that enqueue use [`NewJob`] and `db::Tx`.
//! Functions that run a statement return the database's error when it fails.

mod job;
mod job_context;
mod job_error;
mod job_result;
mod job_scope;

mod attempt_outcome;
mod failure_class;
mod run_report;
mod state;

mod enqueue;
mod new_job;
mod priority;
mod queue_name;
mod relay_notifier;
mod tx;
mod uniqueness;

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
pub mod failure;
pub mod lease;
pub mod liveness;
pub mod progress;
pub mod rescue;
pub mod retention;
pub mod runner;
pub mod schedule;
pub mod success;
pub mod view;

pub use claim::{Claim, ClaimKey};
pub use claim_tracker::{ClaimGuard, ClaimSnapshot, ClaimTracker, Claimant};
pub use completions::Completions;
pub use enqueuer::Enqueuer;
pub use failure_class::FailureClass;
pub use job::{EnqueuedBy, Job};
pub use job_context::{Attempt, JobContext};
pub use job_error::{Cause, JobError};
pub use job_result::{Done, JobResult};
pub use job_scope::{JobScope, Platform};
pub use new_job::{Enqueued, NewJob};
pub use priority::Priority;
pub use progress::Progress;
pub use queue_name::{Queue, QueueCode};
pub use registry::Registry;
pub(crate) use relay_notifier::RelayNotifier;
pub use relay_notifier::{RELAY_CHANNEL, notify_relay};
pub use state::{JobState, TerminalState};
pub use uniqueness::Uniqueness;
