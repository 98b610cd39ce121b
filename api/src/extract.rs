//! How requests are read. Every refusal is a problem: wrong content type 415, too large 413, not JSON
//! 400, and 422 with the field for what is JSON but not what was asked for.
//!
//! Every request type has `#[serde(deny_unknown_fields)]`, so that a typo is not silently lost; a
//! test reads the sources and holds everyone to it.

use std::fmt;
use std::marker::PhantomData;

use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::request::Parts;
use bytes::Bytes;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::codes::ErrorCode;
use crate::error::{self, Error, Result};

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let body = json_bytes(request, state).await?;
        parse_json(&body).map(Self)
    }
}

/// The bytes of a body that says it is JSON.
pub(crate) async fn json_bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes> {
    if !is_json(request.headers()) {
        return Err(Error::new(
            ErrorCode::UnsupportedMediaType,
            "send JSON with Content-Type: application/json",
        ));
    }
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| error::of_status(rejection.status()))
}

/// Reads a value out of JSON text and names the field that doesn't fit.
pub(crate) fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    if may_hold_nul(body) {
        refuse_nul(body)?;
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(ByName(&mut reader)).map_err(|failed| {
        let path = failed.path().to_string();
        refuse_json(body, &path, failed.inner())
    })?;
    reader
        .end()
        .map_err(|failed| refuse_json(body, ".", &failed))?;
    Ok(value)
}

fn refuse_json(body: &[u8], path: &str, failed: &serde_json::Error) -> Error {
    // serde_json appends the position, which says little beside the field's name.
    let text = failed.to_string();
    let mut message = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(message, _)| message);
    if !failed.is_data() {
        if serde_json::from_slice::<IgnoredAny>(body).is_err() {
            return Error::new(ErrorCode::InvalidJson, text);
        }
        // What serde_json calls a wrong syntax where a word was expected and a number came.
        message = "not of the type expected";
    }
    let (code, field) = name_field(path, message);
    Error::invalid_field(field, code, message)
}

/// serde says in words which field is unknown or missing.
fn name_field(path: &str, message: &str) -> (&'static str, String) {
    let named = |prefix| {
        message
            .strip_prefix(prefix)
            .and_then(|rest: &str| rest.split('`').next())
    };
    if let Some(field) = named("unknown field `") {
        ("unknown_field", join(path, field))
    } else if let Some(field) = named("missing field `") {
        ("required", join(path, field))
    } else {
        ("invalid_value", join(path, ""))
    }
}

/// `path` is `.` at the top, and may already end in the unknown field's own name.
fn join(path: &str, field: &str) -> String {
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

/// Takes the fields of an object from an object: what serde derives also takes them from a list, by place.
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
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// An item of a list, its fields by name.
struct Named<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        T::deserialize(ByName(deserializer)).map(Self)
    }
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

/// A NUL can only stand in JSON as the escape `\u0000`.
fn may_hold_nul(body: &[u8]) -> bool {
    body.windows(6).any(|window| window == b"\\u0000")
}

/// `\\u0000` is a backslash and digits, so the text decides only after it is read.
fn refuse_nul(body: &[u8]) -> Result<()> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return Ok(());
    };
    match find_nul(&value) {
        None => Ok(()),
        Some(field) => {
            let field = field.trim_start_matches('.').to_owned();
            Err(Error::invalid_field(
                field,
                "nul_byte",
                "NUL bytes are not accepted",
            ))
        }
    }
}

fn find_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| find_nul(item).map(|rest| format!("[{index}]{rest}"))),
        Value::Object(fields) => fields.iter().find_map(|(name, item)| {
            let inside = if name.contains('\0') {
                Some(String::new())
            } else {
                find_nul(item)
            };
            inside.map(|rest| format!(".{}{rest}", name.replace('\0', "")))
        }),
        _ => None,
    }
}

/// The parameters of the path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let refused = match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => return Ok(Self(value)),
            Err(refused) => refused,
        };
        let names = RawPathParams::from_request_parts(parts, state).await;
        let name = names
            .ok()
            .and_then(|n| n.iter().next().map(|(name, _)| name.to_owned()));
        Err(Error::invalid_field(
            name.unwrap_or_default(),
            "invalid_id",
            refused.body_text(),
        ))
    }
}

/// The filters of a list. `limit` and `cursor` belong to [`crate::pagination::Page`].
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let pairs = query_pairs(parts)?;
        let filters: Vec<_> = pairs
            .iter()
            .filter(|(name, _)| name != "limit" && name != "cursor")
            .collect();
        let text = serde_urlencoded::to_string(&filters).unwrap_or_default();
        read_pairs(text.as_bytes()).map(Self)
    }
}

/// Reads URL-encoded pairs and names the one that doesn't fit.
fn read_pairs<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    if text.windows(3).any(|window| window == b"%00") || text.contains(&0) {
        return Err(Error::invalid_field(
            "",
            "nul_byte",
            "NUL bytes are not accepted",
        ));
    }
    let reader = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(text));
    serde_path_to_error::deserialize(reader).map_err(|failed| {
        let path = failed.path().to_string();
        let (code, field) = name_field(&path, &failed.inner().to_string());
        Error::invalid_field(field, code, failed.inner().to_string())
    })
}

/// The query's pairs, decoded.
pub(crate) fn query_pairs(parts: &Parts) -> Result<Vec<(String, String)>> {
    serde_urlencoded::from_str(parts.uri.query().unwrap_or_default()).map_err(|failed| {
        Error::new(
            ErrorCode::BadRequest,
            format!("the query can't be read: {failed}"),
        )
    })
}

/// The version that a PATCH is made against: `If-Match: "3"`, as the `ETag` of a read gave it.
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

/// One thing or a list of them, where a route takes both and answers alike. Unlike an untagged enum it
/// keeps the field that is wrong.
#[derive(Debug)]
pub(crate) struct OneOrMany<T> {
    pub(crate) items: Vec<T>,
    /// It came as an object, not as a list of one.
    pub(crate) one: bool,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a list of objects")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let one = T::deserialize(MapAccessDeserializer::new(map))?;
                Ok(OneOrMany {
                    items: vec![one],
                    one: true,
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                seq: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let items = Vec::<Named<T>>::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(OneOrMany {
                    items: items.into_iter().map(|Named(item)| item).collect(),
                    one: false,
                })
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// Tells a field that is `null` from one that isn't there: `Some(None)` from `None`. Beside
/// `#[serde(default)]`.
pub(crate) fn nullable<'de, D, T>(
    deserializer: D,
) -> std::result::Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// A form, as OAuth2 has it.
#[derive(Debug)]
pub(crate) struct Form<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let content_type = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        if !content_type.starts_with("application/x-www-form-urlencoded") {
            return Err(Error::new(
                ErrorCode::UnsupportedMediaType,
                "send application/x-www-form-urlencoded",
            ));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|r| error::of_status(r.status()))?;
        read_pairs(&body).map(Self)
    }
}
