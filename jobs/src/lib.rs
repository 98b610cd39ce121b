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

mod job_services;
mod mail;

pub use job_services::{Registry, Services};

use platform::ids::CompanyId;
use platform::queue::{Job, NewJob, Platform};

/// A company's job, ready to be enqueued.
pub fn job<J: Job<Services>>(company: CompanyId, job: &J) -> NewJob {
    NewJob::new(company, job)
}

/// A job of the platform's own.
pub fn platform_job<J: Job<Services, Platform>>(job: &J) -> NewJob {
    NewJob::new(Platform, job)
}

/// Every job type there is: the fleet's catalogue.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    for register in [
        schedule::register,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs are stored under these names: lines may be added, none may go, and a name that changes stays in
    /// `FORMERLY`.
    #[test]
    fn the_catalogue_holds_what_is_stored() {
        let registry = registry();
        let mut lines: Vec<_> = registry.kinds().map(|kind| format!("{kind:?}")).collect();
        lines.sort_unstable();
        insta::assert_snapshot!(lines.join("\n"), @r"
        ads.refresh_account v1 on default, 8 attempts of 300s, Company
        alerts.evaluate v1 on fast, 8 attempts of 60s, Company
        billing.apply_event v1 on fast, 8 attempts of 60s, Platform
        billing.apply_subscription v1 on fast, 8 attempts of 60s, Company
        catalog.close_import v1 on heavy, 8 attempts of 1800s, Company
        catalog.import_file v1 on heavy, 8 attempts of 21600s, Company
        catalog.sweep_files v1 on heavy, 8 attempts of 60s, Platform
        identity.send_invitation v1 on fast, 8 attempts of 60s, Company
        identity.send_password_reset v1 on fast, 8 attempts of 60s, Platform
        identity.sweep v1 on default, 8 attempts of 60s, Platform
        notifications.send_message v1 on fast, 8 attempts of 60s, Company
        ops.ping v1 on fast, 8 attempts of 60s, Company
        ops.prune_jobs v1 on default, 8 attempts of 60s, Platform
        rupture.compute_demand v1 on heavy, 8 attempts of 300s, Company
        rupture.run_prediction v1 on heavy, 8 attempts of 300s, Company
        schedule.enqueue_for_each v1 on default, 8 attempts of 60s, Platform
        ");
    }
}
