//! The timeline of an alert: its events with their reasons, and its notifications.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::alerts::{self, AlertId, StoredEvent};
use domain::notifications;
use platform::ids::{UserId, Uuid};
use serde::Serialize;
use serde_json::Value;

use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::extract::Path;
use crate::notifications::MessageResponse;
use crate::pagination::{List, Page};

#[derive(Debug, Serialize)]
pub(super) struct TimelineResponse {
    #[serde(flatten)]
    events: List<EventResponse>,
    /// The notifications of the alert, each with its state of delivery.
    messages: Vec<MessageResponse>,
}

#[derive(Debug, Serialize)]
struct EventResponse {
    id: Uuid,
    at: DateTime<Utc>,
    event: String,
    details: Value,
    actor_id: Option<UserId>,
}

impl From<StoredEvent> for EventResponse {
    fn from(event: StoredEvent) -> Self {
        Self {
            id: event.id,
            at: event.at,
            event: event.event,
            details: event.details,
            actor_id: event.actor_id,
        }
    }
}

pub(super) async fn show_timeline(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AlertId>,
    page: Page,
) -> Result<Json<TimelineResponse>> {
    let mut tx = caller.begin(&app).await?;
    alerts::require_alert(&mut tx, id).await?;
    let rows = alerts::list_events(&mut tx, id, page.decode_cursor()?, page.row_limit()).await?;
    let messages = notifications::list_messages_of_alert(&mut tx, id.0).await?;
    Ok(Json(TimelineResponse {
        events: List::from_rows(rows, &page, |event| event.id).map_items(EventResponse::from),
        messages: messages.into_iter().map(MessageResponse::from).collect(),
    }))
}
