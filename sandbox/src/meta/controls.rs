//! `/admin/meta`: tokens withdrawn and given back.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;

use crate::state::Sandbox;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/tokens", post(set_token))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    token: String,
    valid: bool,
}

/// From now on the token is valid, or isn't (190/463).
async fn set_token(Shared(sandbox): Shared<Sandbox>, Json(set): Json<Token>) -> StatusCode {
    sandbox.with(|data| {
        data.keep(
            if set.valid {
                "meta_restored"
            } else {
                "meta_revoked"
            },
            &set.token,
        );
        if set.valid {
            data.meta.revoked.remove(&set.token);
        } else {
            data.meta.revoked.insert(set.token);
        }
    });
    StatusCode::NO_CONTENT
}
