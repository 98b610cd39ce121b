//! `/admin/meta`: revoking and restoring tokens.

use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;

use super::record::MetaRecord;
use crate::state::Sandbox;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new().route("/meta/tokens", post(set_token))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetToken {
    token: String,
    valid: bool,
}

/// Restores a token, or revokes it: calls with it then fail with 190/463.
async fn set_token(Shared(sandbox): Shared<Sandbox>, Json(set): Json<SetToken>) -> StatusCode {
    sandbox.with_data(|data| {
        if set.valid {
            data.keep_record(MetaRecord::Restored, &set.token);
            data.states.meta.restore_token(&set.token);
        } else {
            data.keep_record(MetaRecord::Revoked, &set.token);
            data.states.meta.revoke_token(set.token);
        }
    });
    StatusCode::NO_CONTENT
}
