//! Refreshing ad accounts: one job per account walks from report to publication, a step at a time,
//! and sleeps in the queue while Meta works.

mod reading;
mod refresh_account;
mod refresh_all_accounts;
#[cfg(test)]
mod tests;

pub use refresh_account::RefreshAccount;
pub use refresh_all_accounts::RefreshAllAccounts;

pub(crate) fn register(registry: crate::Registry) -> crate::Registry {
    registry
        .with::<RefreshAccount>()
        .with_platform::<RefreshAllAccounts>()
}
