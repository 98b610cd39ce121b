//! Optimistic locking: the `ETag` of a response and the `If-Match` of a later PATCH or DELETE.

use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::{Error, Result};

/// The version that a change is made against, as in `If-Match: "3"`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IfMatch(pub(crate) Option<i32>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let Some(value) = parts.headers.get(IF_MATCH) else {
            return Ok(Self(None));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let version = text.trim_start_matches("W/").trim_matches('"').parse();
        version.map(|v| Self(Some(v))).map_err(|_| {
            Error::invalid_field(
                "If-Match",
                "invalid_value",
                "not a version: send the ETag of the last read",
            )
        })
    }
}

/// Responds with a thing and the `ETag` of its version.
pub(crate) fn respond_versioned(version: i32, thing: &impl Serialize) -> Response {
    ([(ETAG, format!("\"{version}\""))], axum::Json(thing)).into_response()
}
