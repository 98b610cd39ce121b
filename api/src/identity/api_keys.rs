//! API keys. Only people change them: `auth::route_scope` accepts no key for that.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::identity::api_keys::{ApiKey, ApiKeyId, NewApiKey};
use domain::identity::{self, KeyScope, Role};
use platform::db::Tx;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::members::require_power_over;
use crate::App;
use crate::auth::{Caller, new_api_key};
use crate::error::Result;
use crate::extract::Path;
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

pub(super) async fn list_api_keys(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<Json<List<ApiKey>>> {
    caller.require_role(Role::Admin)?;
    let after = page.decode_cursor()?;
    let mut tx = caller.begin(&app).await?;
    let rows =
        identity::api_keys::list_api_keys(&mut tx, caller.company, after, page.row_limit()).await?;
    Ok(Json(List::from_rows(rows, &page, |key| key.id)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateApiKey {
    name: String,
    role: Role,
    /// Default: all, within the role.
    scopes: Option<Vec<KeyScope>>,
    /// Default, and at most: 366 days from now.
    expires_at: Option<DateTime<Utc>>,
}

/// Without `Debug`, because it holds a secret.
#[derive(Serialize)]
struct ApiKeyResponse {
    #[serde(flatten)]
    api_key: ApiKey,
    /// Shown once, and never in a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

pub(super) async fn create_api_key(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<CreateApiKey>,
) -> Result<Response> {
    require_power_over(&caller, body.role)?;
    let mut secret = None;
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            let (id, new_secret) = insert_api_key(tx, &caller, &body).await?;
            secret = Some(new_secret);
            Ok(Outcome::created_without_location(id))
        })
        .await?;
    let id = settled.outcome.id()?;
    let api_key = identity::api_keys::require_api_key(&mut settled.tx, caller.company, id).await?;
    let key = secret;
    settled.respond(&ApiKeyResponse { api_key, key }).await
}

/// Returns the key's id and its text.
async fn insert_api_key(
    tx: &mut Tx,
    caller: &Caller,
    body: &CreateApiKey,
) -> Result<(ApiKeyId, String)> {
    caller.confirm_standing(tx).await?;
    let (secret, prefix, hash) = new_api_key();
    let new = NewApiKey {
        name: &body.name,
        role: body.role,
        scopes: body.scopes.as_deref(),
        expires_at: body.expires_at,
    };
    let api_key = ApiKey::validate(&new, prefix, caller.user, caller.now)?;
    identity::api_keys::create_api_key(tx, caller.company, &api_key, &hash).await?;
    let details = json!({"role": body.role, "scopes": api_key.scopes});
    let subject = ("api_key", api_key.id);
    caller
        .record_act(tx, "identity.create_api_key", subject, details)
        .await?;
    Ok((api_key.id, secret))
}

pub(super) async fn revoke_api_key(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode> {
    caller.require_role(Role::Admin)?;
    let mut tx = caller.begin(&app).await?;
    identity::api_keys::revoke_api_key(&mut tx, caller.company, id, caller.now).await?;
    let subject = ("api_key", id);
    caller
        .record_act(&mut tx, "identity.revoke_api_key", subject, json!({}))
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
