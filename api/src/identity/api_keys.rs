//! API keys. People make them; a key makes no other.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::identity::api_keys::{ApiKey, ApiKeyId};
use domain::identity::audit::Actor;
use domain::identity::{self, Role};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::members::require_power_over;
use crate::App;
use crate::auth::{Caller, new_api_key};
use crate::error::{Error, Result};
use crate::extract::Path;
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<axum::Json<List<ApiKey>>> {
    caller.require(Role::Admin)?;
    let mut tx = caller.begin(&app).await?;
    let rows =
        identity::api_keys::list_api_keys(&mut tx, caller.company, page.after()?, page.rows())
            .await?;
    Ok(axum::Json(List::cut(rows, &page, |key| key.id)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    name: String,
    role: Role,
}

#[derive(Debug, Serialize)]
struct CreatedKey {
    #[serde(flatten)]
    api_key: ApiKey,
    /// Shown once, and never on a repetition.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Keyed {
        value: body,
        key: idempotency,
    }: Keyed<NewKey>,
) -> Result<Response> {
    require_person(&caller)?;
    require_power_over(&caller, body.role)?;
    let mut tx = caller.begin(&app).await?;
    let mut secret = None;
    let outcome = match idempotency.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let (key, prefix, hash) = new_api_key();
            let api_key = ApiKey::new(&body.name, prefix, body.role, caller.user, caller.now)?;
            identity::api_keys::create_api_key(&mut tx, caller.company, &api_key, &hash).await?;
            let subject = ("api_key", Some(api_key.id.0));
            caller
                .audit(
                    &mut tx,
                    "identity.create_api_key",
                    subject,
                    json!({"role": body.role}),
                )
                .await?;
            secret = Some(key);
            let outcome = Outcome::of(StatusCode::CREATED, None, json!({"id": api_key.id}));
            idempotency.settle(&mut tx, &caller, outcome).await?
        }
    };
    let api_key =
        identity::api_keys::require_api_key(&mut tx, caller.company, outcome.id()?).await?;
    tx.commit().await?;
    Ok(outcome.respond(&CreatedKey {
        api_key,
        key: secret,
    }))
}

pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode> {
    caller.require(Role::Admin)?;
    let mut tx = caller.begin(&app).await?;
    identity::api_keys::revoke_api_key(&mut tx, caller.company, id, caller.now).await?;
    caller
        .audit(
            &mut tx,
            "identity.revoke_api_key",
            ("api_key", Some(id.0)),
            json!({}),
        )
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn require_person(caller: &Caller) -> Result<()> {
    match caller.actor {
        Actor::User(_) => Ok(()),
        Actor::ApiKey(_) | Actor::Operator(_) | Actor::CommandLine => {
            Err(Error::forbidden("an API key makes no other"))
        }
    }
}
