//! JSON bodies, and the names of the fields that don't fit.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer};

use super::nul_bytes::reject_nul_bytes;
use crate::codes::ErrorCode;
use crate::error::{self, Error, Result};

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let body = read_json_bytes(request, state).await?;
        parse_json(&body).map(Self)
    }
}

/// Reads a body whose content type is JSON.
pub(crate) async fn read_json_bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes> {
    if !is_json(request.headers()) {
        return Err(Error::new(
            ErrorCode::UnsupportedMediaType,
            "send JSON with Content-Type: application/json",
        ));
    }
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| error::from_status(rejection.status()))
}

fn is_json(headers: &HeaderMap) -> bool {
    let text = headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let essence = text
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Parses a value from JSON text; an error names the field that doesn't fit.
pub(crate) fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    reject_nul_bytes(body)?;
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(ByName(&mut reader)).map_err(|failed| {
        let path = failed.path().to_string();
        describe_failure(body, &path, failed.inner())
    })?;
    reader
        .end()
        .map_err(|failed| describe_failure(body, ".", &failed))?;
    Ok(value)
}

fn describe_failure(body: &[u8], path: &str, failed: &serde_json::Error) -> Error {
    // serde_json appends the position, which adds nothing to the field's name.
    let text = failed.to_string();
    let mut message = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(message, _)| message);
    if !failed.is_data() {
        if serde_json::from_slice::<IgnoredAny>(body).is_err() {
            return Error::new(ErrorCode::InvalidJson, text);
        }
        // serde_json reports a number in place of a string as a syntax error.
        message = "not of the type expected";
    }
    let (code, field) = name_field(path, message);
    Error::invalid_field(field, code, message)
}

/// The error code and the field of serde's message, which names unknown and missing fields.
pub(super) fn name_field(path: &str, message: &str) -> (&'static str, String) {
    let named = |prefix| {
        message
            .strip_prefix(prefix)
            .and_then(|rest: &str| rest.split('`').next())
    };
    if let Some(field) = named("unknown field `") {
        ("unknown_field", join_path(path, field))
    } else if let Some(field) = named("missing field `") {
        ("required", join_path(path, field))
    } else {
        ("invalid_value", join_path(path, ""))
    }
}

/// `path` is `.` at the top, and may already end in the name of the unknown field.
fn join_path(path: &str, field: &str) -> String {
    match (path, field) {
        (".", field) => field.to_owned(),
        (path, field)
            if field.is_empty() || path == field || path.ends_with(&format!(".{field}")) =>
        {
            path.to_owned()
        }
        (path, field) => format!("{path}.{field}"),
    }
}

/// Requires an object where a struct is expected: derived implementations also accept a list, by
/// position.
struct ByName<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ByName<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(
        self,
        visitor: V,
    ) -> std::result::Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> std::result::Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// An item of a list, deserialised from an object.
pub(super) struct Named<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        T::deserialize(ByName(deserializer)).map(Self)
    }
}
