//! The queries of the area, by noun. Functions that look somebody up before a company is known call
//! the database's narrow functions; all others read what row-level security permits.

pub mod access;
pub mod accounts;
pub mod api_keys;
pub mod attempts;
pub mod audit;
pub mod companies;
pub mod idempotency;
pub mod invitations;
pub mod members;
pub mod operators;
pub mod registrations;
pub mod resets;
pub mod sessions;
pub mod sweep;

mod company_access;

use crate::Error;

/// The row exists, but at another version than that of `If-Match`.
fn version_mismatch() -> Error {
    Error::conflict(
        "version_mismatch",
        "changed since it was read; read it again",
    )
}
