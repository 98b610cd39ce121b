//! Messages.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::notifications::{self, Channel, ListedMessage, MessageFilter, MessageId, MessageState};
use jobs::notifications::SendMessage;
use platform::db::Tx;
use platform::ids::{JobId, UserId, Uuid};
use platform::queue::Enqueued;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::{Path, Query};
use crate::idempotency::{Key, Outcome};
use crate::jobs::{describe_job, respond_enqueued};
use crate::pagination::{List, Page};

#[derive(Debug, Serialize)]
pub(crate) struct MessageResponse {
    id: MessageId,
    channel: String,
    recipient: String,
    user_id: Option<UserId>,
    template: String,
    language: String,
    variables: Value,
    state: String,
    /// `text`, `template` or `email`; null before the message is sent.
    sent_as: Option<String>,
    provider_id: Option<String>,
    error_code: Option<String>,
    error: Option<String>,
    alert_id: Option<Uuid>,
    cause: Option<String>,
    created_at: DateTime<Utc>,
    sent_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<ListedMessage> for MessageResponse {
    fn from(message: ListedMessage) -> Self {
        Self {
            id: message.id,
            channel: message.channel,
            recipient: message.recipient,
            user_id: message.user_id,
            template: message.template,
            language: message.language,
            variables: message.variables,
            state: message.state,
            sent_as: message.sent_as,
            provider_id: message.provider_id,
            error_code: message.error_code,
            error: message.error,
            alert_id: message.alert_id,
            cause: message.cause,
            created_at: message.created_at,
            sent_at: message.sent_at,
            delivered_at: message.delivered_at,
            read_at: message.read_at,
            ended_at: message.ended_at,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageQuery {
    channel: Option<Channel>,
    state: Option<MessageState>,
}

pub(super) async fn list_messages(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<MessageQuery>,
    page: Page,
) -> Result<Json<List<MessageResponse>>> {
    let filter = MessageFilter {
        channel: query.channel,
        state: query.state,
        before: page.decode_cursor()?,
        limit: page.row_limit(),
        ..MessageFilter::default()
    };
    let mut tx = caller.begin(&app).await?;
    let rows = notifications::list_messages(&mut tx, &filter).await?;
    let list = List::from_rows(rows, &page, |message| message.id);
    Ok(Json(list.map_items(MessageResponse::from)))
}

pub(super) async fn show_message(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<Json<MessageResponse>> {
    let mut tx = caller.begin(&app).await?;
    let message = notifications::require_message(&mut tx, id).await?;
    Ok(Json(message.into()))
}

/// Retries a message that ended undelivered. A message that is still open is left alone.
pub(super) async fn retry_message(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<MessageId>,
) -> Result<Response> {
    let settled = key
        .run_once(&app, &caller, async |tx| {
            let job = requeue_message(tx, &caller, id).await?;
            let location = format!("/api/v1/messages/{id}");
            Ok(Outcome::accepted(location, describe_job(tx, job).await?))
        })
        .await?;
    respond_enqueued(settled).await
}

async fn requeue_message(tx: &mut Tx, caller: &Caller, id: MessageId) -> Result<JobId> {
    let previous = notifications::requeue_message(tx, id, caller.now).await?;
    let job = jobs::company_job(caller.company, &SendMessage { message_id: id }).by(caller.user);
    let enqueued = tx.enqueue(job).await?;
    if previous == MessageState::Queued && matches!(enqueued, Enqueued::Existing(_)) {
        return Err(Error::new(
            ErrorCode::Conflict,
            "the message is already queued",
        ));
    }
    Ok(enqueued.id())
}
