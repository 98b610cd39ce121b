//! Jobs of the ads area. One job for each ad account walks from report to publication, a step at a
//! time, and waits in the queue while Meta prepares the report.

mod reading;
mod refresh_account;
#[cfg(test)]
mod tests;

pub use refresh_account::RefreshAccount;

pub(crate) fn register_jobs(registry: crate::Registry) -> crate::Registry {
    registry.with::<RefreshAccount>()
}
