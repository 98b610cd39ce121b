//! What happens by the clock. Minutes are staggered so that the timers don't meet.

use platform::queue::schedule::ScheduleSpec;

use crate::platform_job;

/// Every timer of the product; times are in the given zone, seconds first.
pub fn schedules() -> Vec<ScheduleSpec> {
    vec![
        ScheduleSpec {
            name: "evaluate-alerts",
            cron: "0 */5 * * * *",
            timezone: "UTC",
            job: || platform_job(&crate::alerts::EvaluateAllAlerts {}),
        },
        ScheduleSpec {
            name: "compute-demand",
            cron: "0 17 2 * * *",
            timezone: "UTC",
            job: || platform_job(&crate::rupture::ComputeAllDemand {}),
        },
        ScheduleSpec {
            name: "refresh-ads",
            cron: "0 7 */2 * * *",
            timezone: "UTC",
            job: || platform_job(&crate::ads::RefreshAllAccounts {}),
        },
        ScheduleSpec {
            name: "reconcile-subscriptions",
            cron: "0 29 4 * * *",
            timezone: "UTC",
            job: || platform_job(&crate::billing::ReconcileSubscriptions {}),
        },
        ScheduleSpec {
            name: "sweep-identity",
            cron: "0 41 * * * *",
            timezone: "UTC",
            job: || platform_job(&crate::identity::Sweep {}),
        },
        ScheduleSpec {
            name: "sweep-files",
            cron: "0 53 3 * * *",
            timezone: "UTC",
            job: || platform_job(&crate::catalog::SweepFiles {}),
        },
        ScheduleSpec {
            name: "close-imports",
            cron: "40 */5 * * * *",
            timezone: "UTC",
            job: || platform_job(&crate::catalog::CloseImports {}),
        },
        ScheduleSpec {
            name: "prune-jobs",
            cron: "20 */10 * * * *",
            timezone: "UTC",
            job: || platform_job(&crate::ops::PruneJobs {}),
        },
    ]
}
