//! Messages.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::identity::{Language, Role};
use domain::notifications::{
    self, Channel, ListedMessage, MessageFilter, MessageId, MessageState, NotificationCause,
    SentAs, Template,
};
use jobs::notifications::SendMessage;
use platform::ids::{UserId, Uuid};
use platform::queue::Enqueued;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::{Path, Query};
use crate::idempotency::{Key, Outcome};
use crate::jobs::enqueued_body;
use crate::pagination::{List, Page};

#[derive(Debug, Serialize)]
pub(crate) struct MessageBody {
    id: MessageId,
    channel: Channel,
    recipient: String,
    user_id: Option<UserId>,
    template: Template,
    language: Language,
    variables: Value,
    state: MessageState,
    /// `text`, `template` or `email`; null before it is sent.
    sent_as: Option<SentAs>,
    provider_id: Option<String>,
    error_code: Option<String>,
    error: Option<String>,
    alert_id: Option<Uuid>,
    cause: Option<NotificationCause>,
    created_at: DateTime<Utc>,
    sent_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<ListedMessage> for MessageBody {
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

pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<MessageQuery>,
    page: Page,
) -> Result<Json<List<MessageBody>>> {
    let filter = MessageFilter {
        channel: query.channel,
        state: query.state,
        before: page.after()?,
        limit: page.rows(),
        ..MessageFilter::default()
    };
    let mut tx = caller.begin(&app).await?;
    let rows = notifications::list_messages(&mut tx, &filter).await?;
    Ok(Json(
        List::cut(rows, &page, |message| message.id).map(MessageBody::from),
    ))
}

pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<MessageId>,
) -> Result<Json<MessageBody>> {
    let mut tx = caller.begin(&app).await?;
    Ok(Json(
        notifications::require_message(&mut tx, id).await?.into(),
    ))
}

/// Takes up a message that ended without arriving. One that may still go out by itself is left alone.
pub(super) async fn retry(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<MessageId>,
) -> Result<Response> {
    caller.require(Role::Member)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let was = notifications::requeue_message(&mut tx, id, caller.now).await?;
            let job = jobs::job(caller.company, &SendMessage { message_id: id }).by(caller.user);
            let enqueued = tx.enqueue(job).await?;
            if was == MessageState::Queued && matches!(enqueued, Enqueued::Existing(_)) {
                return Err(Error::new(
                    ErrorCode::Conflict,
                    "the message is on its way out",
                ));
            }
            let outcome = Outcome::accepted(
                format!("/api/v1/messages/{id}"),
                json!({"id": enqueued.id()}),
            );
            key.settle(&mut tx, &caller, outcome).await?
        }
    };
    tx.commit().await?;
    Ok(outcome.respond(&enqueued_body(outcome.id()?)))
}
