//! Addresses that must not be written to.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::identity::Role;
use domain::notifications::{self, Channel, ListedSuppression, SuppressionId, SuppressionReason};
use platform::ids::UserId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::Path;
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

#[derive(Debug, Serialize)]
pub(super) struct SuppressionBody {
    id: SuppressionId,
    channel: Channel,
    recipient: String,
    reason: SuppressionReason,
    created_at: DateTime<Utc>,
    created_by: Option<UserId>,
}

impl From<ListedSuppression> for SuppressionBody {
    fn from(s: ListedSuppression) -> Self {
        Self {
            id: s.id,
            channel: s.channel,
            recipient: s.recipient,
            reason: s.reason,
            created_at: s.created_at,
            created_by: s.created_by,
        }
    }
}

pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<Json<List<SuppressionBody>>> {
    let mut tx = caller.begin(&app).await?;
    let rows = notifications::list_suppressions(&mut tx, page.after()?, page.rows()).await?;
    Ok(Json(
        List::cut(rows, &page, |row| row.id).map(SuppressionBody::from),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSuppression {
    channel: Channel,
    recipient: String,
}

pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    Keyed { value: body, key }: Keyed<NewSuppression>,
) -> Result<Response> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let (company, user) = (caller.company, Some(caller.user));
            let made = notifications::add_suppression(
                &mut tx,
                company,
                body.channel,
                &body.recipient,
                user,
                caller.now,
            )
            .await?;
            let subject = ("suppression", Some(made.id.0));
            caller
                .audit(
                    &mut tx,
                    "notifications.suppress",
                    subject,
                    json!({"channel": body.channel}),
                )
                .await?;
            let outcome = Outcome::created(format!("/api/v1/suppressions/{}", made.id), made.id.0);
            key.settle(&mut tx, &caller, outcome).await?
        }
    };
    let made = notifications::require_suppression(&mut tx, outcome.id()?).await?;
    tx.commit().await?;
    Ok(outcome.respond(&SuppressionBody::from(made)))
}

pub(super) async fn lift(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SuppressionId>,
) -> Result<StatusCode> {
    caller.require(Role::Manager)?;
    let mut tx = caller.begin(&app).await?;
    notifications::lift_suppression(&mut tx, id).await?;
    caller
        .audit(
            &mut tx,
            "notifications.lift_suppression",
            ("suppression", Some(id.0)),
            json!({}),
        )
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
