//! The queries of ads, by table.

pub(super) mod accounts;
pub(super) mod connections;
pub(super) mod daily;
pub(super) mod limits;
pub(super) mod refreshes;
pub(super) mod reports;
pub(super) mod summaries;
