//! Suppressions: addresses that no message is sent to.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::notifications::{self, Channel, ListedSuppression, SuppressionId};
use platform::db::Tx;
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
pub(super) struct SuppressionResponse {
    id: SuppressionId,
    channel: String,
    recipient: String,
    reason: String,
    created_at: DateTime<Utc>,
    created_by: Option<UserId>,
}

impl From<ListedSuppression> for SuppressionResponse {
    fn from(suppression: ListedSuppression) -> Self {
        Self {
            id: suppression.id,
            channel: suppression.channel,
            recipient: suppression.recipient,
            reason: suppression.reason,
            created_at: suppression.created_at,
            created_by: suppression.created_by,
        }
    }
}

pub(super) async fn list_suppressions(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<Json<List<SuppressionResponse>>> {
    let mut tx = caller.begin(&app).await?;
    let rows =
        notifications::list_suppressions(&mut tx, page.decode_cursor()?, page.row_limit()).await?;
    let list = List::from_rows(rows, &page, |row| row.id);
    Ok(Json(list.map_items(SuppressionResponse::from)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateSuppression {
    channel: Channel,
    recipient: String,
}

pub(super) async fn create_suppression(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<CreateSuppression>,
) -> Result<Response> {
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            let id = add_suppression(tx, &caller, &body).await?;
            Ok(Outcome::created("suppressions", id))
        })
        .await?;
    let suppression =
        notifications::require_suppression(&mut settled.tx, settled.outcome.id()?).await?;
    settled
        .respond(&SuppressionResponse::from(suppression))
        .await
}

async fn add_suppression(
    tx: &mut Tx,
    caller: &Caller,
    body: &CreateSuppression,
) -> Result<SuppressionId> {
    let CreateSuppression { channel, recipient } = body;
    let (company, user) = (caller.company, Some(caller.user));
    let suppression =
        notifications::add_suppression(tx, company, *channel, recipient, user, caller.now).await?;
    let (subject, details) = (("suppression", suppression.id), json!({"channel": channel}));
    caller
        .record_act(tx, "notifications.suppress", subject, details)
        .await?;
    Ok(suppression.id)
}

pub(super) async fn lift_suppression(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<SuppressionId>,
) -> Result<StatusCode> {
    let mut tx = caller.begin(&app).await?;
    notifications::lift_suppression(&mut tx, id).await?;
    let subject = ("suppression", id);
    caller
        .record_act(
            &mut tx,
            "notifications.lift_suppression",
            subject,
            json!({}),
        )
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
