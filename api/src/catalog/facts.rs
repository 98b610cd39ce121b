//! Facts that are recorded one at a time or many in a call: movements and sales.

use axum::response::Response;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::idempotency::Settled;
use crate::pagination::List;

/// Commits, and responds in the shape of the request: one object for one, a list for a list.
pub(super) async fn respond_in_kind<T: Serialize>(
    settled: Settled,
    items: Vec<T>,
    is_single: bool,
) -> Result<Response> {
    match items.first().filter(|_| is_single) {
        Some(only) => settled.respond(only).await,
        None => settled.respond(&List::complete(items)).await,
    }
}

/// Removes the index from the field names of the only fact.
pub(super) fn strip_index(error: domain::Error, is_single: bool) -> Error {
    match error {
        domain::Error::Invalid(mut fields) if is_single => {
            for field in &mut fields {
                if let Some(name) = field.field.strip_prefix("[0].") {
                    field.field = name.to_owned();
                }
            }
            Error::invalid(fields)
        }
        other => other.into(),
    }
}
