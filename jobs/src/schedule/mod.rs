//! The timetable of the product. Minutes are staggered, so that the timers do not meet.

mod enqueue_for_each;
mod stagger;
#[cfg(test)]
mod tests;
mod timer;

use std::time::Duration;

use platform::queue::Queue;
use platform::queue::schedule::ScheduleSpec;

pub use enqueue_for_each::EnqueueForEach;

use self::stagger::Stagger;
use self::timer::{Action, Rows, Timer};
use crate::ads::RefreshAccount;
use crate::alerts::EvaluateAlerts;
use crate::billing::ApplySubscription;
use crate::catalog::{EndImport, SweepFiles};
use crate::identity::Sweep;
use crate::ops::PruneJobs;
use crate::rupture::ComputeDemand;
use crate::{Registry, company_job, platform_job};

/// Returns the timers as the scheduler reads them.
pub fn list_schedules() -> Vec<ScheduleSpec> {
    TIMERS.iter().map(Timer::to_spec).collect()
}

pub(crate) fn register_jobs(registry: Registry) -> Registry {
    registry.with_platform::<EnqueueForEach>()
}

static TIMERS: &[Timer] = &[
    Timer {
        name: "evaluate-alerts",
        cron: "0 */5 * * * *",
        action: Action::ForEach {
            rows: Rows::Companies(|company| company_job(company, &EvaluateAlerts {})),
            stagger: Stagger::PerSecond {
                jobs: 50,
                within: Duration::from_mins(4),
            },
            queue: Queue::Fast,
        },
    },
    Timer {
        name: "compute-demand",
        cron: "0 17 2 * * *",
        action: Action::ForEach {
            rows: Rows::Companies(|company| company_job(company, &ComputeDemand {})),
            stagger: Stagger::AtOnce,
            queue: Queue::Default,
        },
    },
    Timer {
        name: "refresh-ads",
        cron: "0 7 */2 * * *",
        action: Action::ForEach {
            rows: Rows::AdAccounts(|company, account_id| {
                company_job(company, &RefreshAccount { account_id })
            }),
            // A little less than the two hours between ticks.
            stagger: Stagger::Spread {
                within: Duration::from_mins(100),
            },
            queue: Queue::Default,
        },
    },
    Timer {
        name: "reconcile-subscriptions",
        cron: "0 29 4 * * *",
        action: Action::ForEach {
            rows: Rows::Subscriptions(|company, subscription| {
                company_job(company, &ApplySubscription { subscription })
            }),
            // Well below Stripe's rate limit.
            stagger: Stagger::PerSecond {
                jobs: 10,
                within: Duration::from_hours(23),
            },
            queue: Queue::Default,
        },
    },
    Timer {
        name: "end-imports",
        cron: "40 */5 * * * *",
        action: Action::ForEach {
            rows: Rows::AbandonedImports(|company, import_id| {
                company_job(company, &EndImport { import_id })
            }),
            stagger: Stagger::AtOnce,
            queue: Queue::Default,
        },
    },
    Timer {
        name: "sweep-identity",
        cron: "0 41 * * * *",
        action: Action::Once(|| platform_job(&Sweep {})),
    },
    Timer {
        name: "sweep-files",
        cron: "0 53 3 * * *",
        action: Action::Once(|| platform_job(&SweepFiles {})),
    },
    Timer {
        name: "prune-jobs",
        cron: "20 */10 * * * *",
        action: Action::Once(|| platform_job(&PruneJobs {})),
    },
];
