//! The queries of billing.

pub(super) mod checkouts;
pub(super) mod customers;
pub(super) mod duplicates;
pub(super) mod events;
pub(super) mod subscriptions;
