//! The list of events, which the product reads to find webhooks that it missed.

use axum::Json;
use axum::extract::{Query, State as Shared};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{StoredEvent, not_found};
use crate::state::Sandbox;

/// `GET /v1/events`: newest first, with the filters `types[]`, `created[gte]` and
/// `delivery_success`, and cursors.
pub(super) async fn list_events(
    Shared(sandbox): Shared<Sandbox>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let first = |key: &str| {
        query
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    };
    let types: Vec<&str> = query
        .iter()
        .filter(|(k, _)| k == "types[]" || k == "type")
        .map(|(_, v)| v.as_str())
        .collect();
    let since = first("created[gte]")
        .and_then(|text| text.parse().ok())
        .and_then(|at| DateTime::from_timestamp(at, 0));
    let filter = EventFilter {
        types,
        since,
        delivered: first("delivery_success").map(|text| text == "true"),
    };
    let limit = first("limit")
        .and_then(|text| text.parse().ok())
        .unwrap_or(10_usize)
        .clamp(1, 100);
    let newest_first: Vec<Value> = sandbox.with_data(|data| {
        let events = data.states.stripe.events.iter().rev();
        events
            .filter(|stored| filter.matches_event(stored))
            .map(|stored| stored.event.clone())
            .collect()
    });
    let position = |id: &str| newest_first.iter().position(|event| event["id"] == id);
    let (page, has_newer) = match (first("starting_after"), first("ending_before")) {
        (Some(id), _) => match position(id) {
            Some(at) => (&newest_first[at + 1..], false),
            None => return not_found("event", id),
        },
        // The events closest in time to that event, which are the last before it.
        (None, Some(id)) => match position(id) {
            Some(at) => (&newest_first[at.saturating_sub(limit)..at], at > limit),
            None => return not_found("event", id),
        },
        (None, None) => (&newest_first[..], false),
    };
    let has_more = has_newer || page.len() > limit;
    let data: Vec<&Value> = page.iter().take(limit).collect();
    Json(json!({"object": "list", "url": "/v1/events", "has_more": has_more, "data": data}))
        .into_response()
}

struct EventFilter<'a> {
    types: Vec<&'a str>,
    since: Option<DateTime<Utc>>,
    delivered: Option<bool>,
}

impl EventFilter<'_> {
    fn matches_event(&self, stored: &StoredEvent) -> bool {
        let kind = stored.event["type"].as_str().unwrap_or_default();
        let created = stored.event["created"].as_i64().unwrap_or_default();
        (self.types.is_empty() || self.types.contains(&kind))
            && self.since.is_none_or(|since| created >= since.timestamp())
            && self
                .delivered
                .is_none_or(|delivered| delivered == stored.delivered)
    }
}
