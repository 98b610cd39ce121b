//! What a request says in its address: path parameters and the query.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::json::name_field;
use super::nul_bytes::nul_byte_error;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};

/// The parameters of the path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let rejection = match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => return Ok(Self(value)),
            Err(rejection) => rejection,
        };
        let names = RawPathParams::from_request_parts(parts, state).await;
        let name = names
            .ok()
            .and_then(|n| n.iter().next().map(|(name, _)| name.to_owned()));
        Err(Error::invalid_field(
            name.unwrap_or_default(),
            "invalid_id",
            rejection.body_text(),
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
        parse_pairs(text.as_bytes()).map(Self)
    }
}

/// Parses URL-encoded pairs; an error names the pair that doesn't fit.
pub(super) fn parse_pairs<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    if text.windows(3).any(|window| window == b"%00") || text.contains(&0) {
        return Err(nul_byte_error(""));
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
