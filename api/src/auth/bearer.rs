//! The bearer token of a request, and the session it belongs to.

use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use domain::identity::access::SessionHolder;
use domain::identity::sessions::SessionId;
use platform::ids::CompanyId;

use crate::App;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::middleware::RequestId;

/// Returns the token of `Authorization: Bearer`.
pub(super) fn require_bearer(parts: &Parts) -> Result<&str> {
    parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| {
            Error::new(
                ErrorCode::Unauthenticated,
                "send Authorization: Bearer <access token or API key>",
            )
        })
}

/// Finds the open session of an access token, and its user's membership in `company`.
pub(super) async fn authenticate_session(
    app: &App,
    bearer: &str,
    company: Option<CompanyId>,
) -> Result<(SessionId, SessionHolder)> {
    let access = app.tokens().verify(bearer)?;
    let holder = app
        .authenticator()
        .find_session_holder(access.id, company)
        .await?
        .ok_or_else(signed_out)?;
    access.require_unexpired(holder.now)?;
    Ok((access.id, holder))
}

pub(super) fn request_id(parts: &Parts) -> String {
    parts
        .extensions
        .get::<RequestId>()
        .map(|id| id.0.clone())
        .unwrap_or_default()
}

pub(super) fn signed_out() -> Error {
    Error::new(
        ErrorCode::Unauthenticated,
        "the session or the key is no longer valid",
    )
}
