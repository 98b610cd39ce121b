//! What the fleet does: one file per job type, under the same area names as `domain`. This is the
//! only place that mixes rules with I/O.
//!
//! To add a job type: its file, a line in its area's `register`, and nothing else; on a timer, a line
//! in `schedule.rs`; as a reaction, an arm in `events.rs`.

pub mod events;
pub mod schedule;

pub mod catalog;
pub mod identity;
pub mod rupture;

pub mod alerts;
pub mod notifications;

pub mod ads;
pub mod billing;
pub mod ops;

mod fleet;

pub use fleet::{Fleet, Registry};

use platform::ids::CompanyId;
use platform::queue::registry::new_job;
use platform::queue::{Job, NewJob};

/// A company's job, ready to be enqueued.
pub fn job<J: Job<Fleet>>(company: CompanyId, job: &J) -> NewJob {
    new_job(Some(company), job)
}

/// A job of the platform's own.
pub fn platform_job<J: Job<Fleet>>(job: &J) -> NewJob {
    new_job(None, job)
}

/// Every job type there is: the fleet's catalogue.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    for register in [
        ops::register,
        identity::register,
        catalog::register,
        rupture::register,
        alerts::register,
        notifications::register,
        ads::register,
        billing::register,
    ] {
        registry = register(registry);
    }
    registry
}
