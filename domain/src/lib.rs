//! What the business knows: one folder per area with its types, its pure rules and its SQL.
//! No HTTP and no Redis here, and nothing that enqueues or calls a provider: functions take a
//! connection and give facts back.

pub mod identity;

pub mod catalog;
pub mod rupture;

pub mod alerts;
pub mod notifications;

pub mod ads;
pub mod billing;

mod error;

pub use error::{Error, FieldError, Result};
