//! The extractors of requests. Every rejection is a problem: 415 for a wrong content type, 413 for
//! a body that is too large, 400 for a body that isn't JSON, and 422 with the field for JSON of
//! another shape.
//!
//! Every request type has `#[serde(deny_unknown_fields)]`, so that a typo is not silently ignored.
//! A test enforces it for all sources.

mod form;
mod if_match;
mod json;
mod nul_bytes;
mod one_or_many;
mod path_and_query;

use serde::{Deserialize, Deserializer};

pub(crate) use form::Form;
pub(crate) use if_match::{IfMatch, respond_versioned};
pub(crate) use json::{Json, parse_json, read_json_bytes};
pub(crate) use one_or_many::OneOrMany;
pub(crate) use path_and_query::{Path, Query, query_pairs};

/// Distinguishes a field that is `null`, `Some(None)`, from a missing one, `None`. Needs
/// `#[serde(default)]` beside it.
pub(crate) fn deserialize_nullable<'de, D, T>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
