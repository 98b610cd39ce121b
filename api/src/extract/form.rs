//! URL-encoded forms, as OAuth2 has them.

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::path_and_query::parse_pairs;
use crate::codes::ErrorCode;
use crate::error::{self, Error, Result};

/// A form's fields.
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
            .map_err(|rejection| error::from_status(rejection.status()))?;
        parse_pairs(&body).map(Self)
    }
}
