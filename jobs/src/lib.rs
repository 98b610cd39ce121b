//! The job types, one file each, under the same area names as `domain`. Only jobs mix rules with
//! I/O.
//!
//! A new job type is a file and a line in its area's `register_jobs`. A timer adds an entry in
//! `schedule`, a reaction adds an arm in `events.rs`. The doc of each job type names its trigger,
//! its uniqueness and the effect of a rerun.

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

mod job_services;
mod mail;

pub use job_services::{Registry, Services};

use platform::ids::CompanyId;
use platform::queue::{Job, NewJob, Platform};

/// Builds a company's job.
pub fn company_job<J: Job<Services>>(company: CompanyId, job: &J) -> NewJob {
    NewJob::new(company, job)
}

/// Builds a platform job.
pub fn platform_job<J: Job<Services, Platform>>(job: &J) -> NewJob {
    NewJob::new(Platform, job)
}

/// Returns every job type.
pub fn build_registry() -> Registry {
    let mut registry = Registry::new();
    for register_jobs in [
        schedule::register_jobs,
        ops::register_jobs,
        identity::register_jobs,
        catalog::register_jobs,
        rupture::register_jobs,
        alerts::register_jobs,
        notifications::register_jobs,
        ads::register_jobs,
        billing::register_jobs,
    ] {
        registry = register_jobs(registry);
    }
    registry
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs are stored under these names. From the first release on, a name that changes stays in
    /// `FORMERLY`.
    #[test]
    fn the_registry_holds_every_stored_kind() {
        let registry = build_registry();
        let mut lines: Vec<_> = registry.kinds().map(|kind| format!("{kind:?}")).collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "ads.refresh_account v1 on default, 8 attempts of 300s, Company",
                "alerts.evaluate v1 on fast, 8 attempts of 60s, Company",
                "billing.apply_event v1 on fast, 8 attempts of 60s, Platform",
                "billing.apply_subscription v1 on fast, 8 attempts of 60s, Company",
                "billing.remind_unpaid v1 on fast, 8 attempts of 60s, Company",
                "catalog.end_import v1 on heavy, 8 attempts of 1800s, Company",
                "catalog.import_file v1 on heavy, 8 attempts of 21600s, Company",
                "catalog.revert_import v1 on heavy, 8 attempts of 1800s, Company",
                "catalog.sweep_files v1 on heavy, 8 attempts of 60s, Platform",
                "identity.send_invitation v1 on fast, 8 attempts of 60s, Company",
                "identity.send_password_reset v1 on fast, 8 attempts of 60s, Platform",
                "identity.send_registration_link v1 on fast, 8 attempts of 60s, Platform",
                "identity.sweep v1 on default, 8 attempts of 60s, Platform",
                "notifications.send_message v1 on fast, 8 attempts of 60s, Company",
                "ops.ping v1 on fast, 8 attempts of 60s, Company",
                "ops.prune_jobs v1 on default, 8 attempts of 60s, Platform",
                "rupture.compute_demand v1 on heavy, 8 attempts of 300s, Company",
                "rupture.run_prediction v1 on heavy, 8 attempts of 300s, Company",
                "schedule.enqueue_for_each v1 on default, 8 attempts of 60s, Platform",
            ]
        );
    }
}
