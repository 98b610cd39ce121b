//! The queries of the area, by noun. Functions that look somebody up before a company is known call
//! the database's narrow functions; all others read what row-level security permits.

pub(super) mod access;
pub(super) mod accounts;
pub(super) mod api_keys;
pub(super) mod attempts;
pub(super) mod audit;
pub(super) mod companies;
pub(super) mod idempotency;
pub(super) mod invitations;
pub(super) mod members;
pub(super) mod operators;
pub(super) mod resets;
pub(super) mod sessions;
pub(super) mod sweep;

mod company_access;

use crate::Error;

/// The row exists, but at another version than that of `If-Match`.
fn version_mismatch() -> Error {
    Error::conflict(
        "version_mismatch",
        "changed since it was read; read it again",
    )
}
