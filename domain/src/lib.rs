//! The business: one folder per area with its types, its pure rules and its SQL.
//!
//! There is no HTTP and no Redis here, and nothing enqueues or calls a provider: functions take a
//! connection and return facts. Store functions return [`Error::Database`] when a statement fails.

pub mod identity;

pub mod catalog;
pub mod rupture;

pub mod alerts;
pub mod notifications;

pub mod ads;
pub mod billing;

mod error;
mod texts;

pub use error::{Error, FieldError, Result};
pub use texts::Text;
