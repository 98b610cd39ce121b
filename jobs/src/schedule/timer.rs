//! The types of the timetable.

use domain::ads::AccountId;
use domain::catalog::import::ImportId;
use platform::ids::CompanyId;
use platform::queue::schedule::ScheduleSpec;
use platform::queue::{NewJob, Queue};

use super::EnqueueForEach;
use super::stagger::Stagger;
use crate::platform_job;

/// One entry of the timetable.
pub(crate) struct Timer {
    /// Stored with the ticks: a renamed timer has no last tick.
    pub(crate) name: &'static str,
    /// Six fields, seconds first, in UTC.
    pub(crate) cron: &'static str,
    pub(crate) action: Action,
}

/// What a tick enqueues.
pub(crate) enum Action {
    /// One platform job.
    Once(fn() -> NewJob),
    /// One job for each row. `queue` is the queue of the job that enqueues them.
    ForEach {
        rows: Rows,
        stagger: Stagger,
        queue: Queue,
    },
}

/// Rows of all companies, and the job of one row.
pub(crate) enum Rows {
    /// Companies that have products.
    Companies(fn(CompanyId) -> NewJob),
    /// Ad accounts that are enabled and connected.
    AdAccounts(fn(CompanyId, AccountId) -> NewJob),
    /// Subscriptions that have not ended, by Stripe's id.
    Subscriptions(fn(CompanyId, String) -> NewJob),
    /// Imports that are open though their job is not.
    AbandonedImports(fn(CompanyId, ImportId) -> NewJob),
}

impl Timer {
    pub(super) fn to_spec(&self) -> ScheduleSpec {
        let name = self.name;
        ScheduleSpec {
            name,
            cron: self.cron,
            timezone: "UTC",
            job: match self.action {
                Action::Once(job) => Box::new(job),
                Action::ForEach { queue, .. } => Box::new(move || NewJob {
                    queue,
                    ..platform_job(&EnqueueForEach {
                        timer: name.to_owned(),
                    })
                }),
            },
        }
    }
}
