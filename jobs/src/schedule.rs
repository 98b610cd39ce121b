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
            job: Box::new(|| platform_job(&crate::alerts::EvaluateAllAlerts {})),
        },
        ScheduleSpec {
            name: "compute-demand",
            cron: "0 17 2 * * *",
            timezone: "UTC",
            job: Box::new(|| platform_job(&crate::rupture::ComputeAllDemand {})),
        },
        ScheduleSpec {
            name: "refresh-ads",
            cron: "0 7 */2 * * *",
            timezone: "UTC",
            job: Box::new(|| platform_job(&crate::ads::RefreshAllAccounts {})),
        },
        ScheduleSpec {
            name: "reconcile-subscriptions",
            cron: "0 29 4 * * *",
            timezone: "UTC",
            job: Box::new(|| platform_job(&crate::billing::ReconcileSubscriptions {})),
        },
        ScheduleSpec {
            name: "sweep-identity",
            cron: "0 41 * * * *",
            timezone: "UTC",
            job: Box::new(|| platform_job(&crate::identity::Sweep {})),
        },
        ScheduleSpec {
            name: "sweep-files",
            cron: "0 53 3 * * *",
            timezone: "UTC",
            job: Box::new(|| platform_job(&crate::catalog::SweepFiles {})),
        },
        ScheduleSpec {
            name: "close-imports",
            cron: "40 */5 * * * *",
            timezone: "UTC",
            job: Box::new(|| platform_job(&crate::catalog::CloseImports {})),
        },
        ScheduleSpec {
            name: "prune-jobs",
            cron: "20 */10 * * * *",
            timezone: "UTC",
            job: Box::new(|| platform_job(&crate::ops::PruneJobs {})),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Timers are stored by name too: under another one, a timer would begin anew.
    #[test]
    fn the_timers_are_these() {
        let line = |timer: &ScheduleSpec| {
            format!(
                "{} at {} {}: {}",
                timer.name,
                timer.cron,
                timer.timezone,
                (timer.job)().kind
            )
        };
        let lines: Vec<_> = schedules().iter().map(line).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        evaluate-alerts at 0 */5 * * * * UTC: alerts.evaluate_all
        compute-demand at 0 17 2 * * * UTC: rupture.compute_all_demand
        refresh-ads at 0 7 */2 * * * UTC: ads.refresh_all_accounts
        reconcile-subscriptions at 0 29 4 * * * UTC: billing.reconcile_subscriptions
        sweep-identity at 0 41 * * * * UTC: identity.sweep
        sweep-files at 0 53 3 * * * UTC: catalog.sweep_files
        close-imports at 40 */5 * * * * UTC: catalog.close_imports
        prune-jobs at 20 */10 * * * * UTC: ops.prune_jobs
        ");
    }
}
