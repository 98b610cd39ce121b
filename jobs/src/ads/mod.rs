//! Refreshing ad accounts: one job per account walks from report to publication, a step at a time,
//! and sleeps in the queue while Meta works.

mod reading;
mod refresh_account;
#[cfg(test)]
mod tests;

pub use refresh_account::RefreshAccount;

pub(crate) fn register(registry: crate::Registry) -> crate::Registry {
    registry.with::<RefreshAccount>()
}
