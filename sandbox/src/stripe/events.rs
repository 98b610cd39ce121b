//! Events: made when something happens, listed for 30 days, sent with a signature.

use axum::Json;
use axum::extract::{Query, State as Shared};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::objects::new_id;
use super::{StoredEvent, not_found};
use crate::clock::now;
use crate::deliveries::{Outgoing, deliver};
use crate::keys::STRIPE_WEBHOOK_SECRET;
use crate::operations::Operation;
use crate::state::{Data, Sandbox};

const EVENT: Operation = Operation {
    provider: "stripe",
    name: "stripe_event",
};

/// Seconds before a failed webhook is tried again.
const RETRIES: [u64; 6] = [1, 2, 5, 15, 60, 300];

/// The picture of an object at this moment; returns the event's id.
pub(super) fn arise(data: &mut Data, kind: &str, object: &Value) -> String {
    let id = new_id("evt_");
    let event = json!({
        "id": id,
        "object": "event",
        "api_version": "2026-08-21",
        "created": now().timestamp(),
        "data": {"object": object},
        "livemode": false,
        "pending_webhooks": 1,
        "request": {"id": null, "idempotency_key": null},
        "type": kind,
    });
    let stored = StoredEvent {
        event,
        delivered: false,
    };
    data.keep("stripe_event", &stored);
    data.stripe.put_event(stored);
    id
}

/// Sends the events in this order, unless webhooks are off or have no address.
pub(super) fn send_all(sandbox: &Sandbox, ids: Vec<String>) {
    if !sandbox.with(|data| data.settings.stripe_webhooks) {
        return;
    }
    let sandbox = sandbox.clone();
    crate::task::spawn("stripe events", async move {
        for id in ids {
            send(&sandbox, &id, &Manner::default()).await;
        }
    });
}

/// How an event is sent.
#[derive(Default)]
pub(super) struct Manner {
    /// Seconds by which the signature's time lies in the past.
    pub(super) age_seconds: i64,
    /// Signs with a secret that isn't ours.
    pub(super) forged: bool,
    /// Only one try.
    pub(super) once: bool,
}

/// Sends one event; whether it was acknowledged, or `None` without such an event or an address.
pub(super) async fn send(sandbox: &Sandbox, id: &str, manner: &Manner) -> Option<bool> {
    let (event, url) = sandbox.with(|data| {
        let stored = data
            .stripe
            .events
            .iter()
            .find(|stored| stored.event["id"] == id)?;
        Some((
            stored.event.clone(),
            data.settings.stripe_webhook_url.clone()?,
        ))
    })?;
    let body = event.to_string();
    let secret = if manner.forged {
        "whsec_forged"
    } else {
        STRIPE_WEBHOOK_SECRET
    };
    let retries: &[u64] = if manner.once { &[] } else { &RETRIES };
    let outgoing = Outgoing {
        operation: EVENT,
        url: &url,
        about: id,
        retries,
    };
    let done = deliver(sandbox, outgoing, |http| {
        let signature = sign(secret, &body, now().timestamp() - manner.age_seconds);
        let request = http.post(&url).header("Stripe-Signature", signature);
        request
            .header("content-type", "application/json; charset=utf-8")
            .body(body.clone())
    })
    .await;
    if done {
        acknowledge(sandbox, id);
    }
    Some(done)
}

fn acknowledge(sandbox: &Sandbox, id: &str) {
    sandbox.with(|data| {
        let Some(stored) = data
            .stripe
            .events
            .iter_mut()
            .find(|stored| stored.event["id"] == id)
        else {
            return;
        };
        stored.delivered = true;
        stored.event["pending_webhooks"] = json!(0);
        let stored = stored.clone();
        data.keep("stripe_event", &stored);
    });
}

fn sign(secret: &str, body: &str, time: i64) -> String {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes()).expect("any key length");
    mac.update(format!("{time}.{body}").as_bytes());
    format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// `GET /v1/events`: newest first, `types[]`, `created[gte]`, `delivery_success`, and cursors.
pub(super) async fn list(
    Shared(sandbox): Shared<Sandbox>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let one = |key: &str| {
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
    let since = one("created[gte]")
        .and_then(|text| text.parse().ok())
        .and_then(|at| DateTime::from_timestamp(at, 0));
    let wanted = Wanted {
        types,
        since,
        delivered: one("delivery_success").map(|text| text == "true"),
    };
    let limit = one("limit")
        .and_then(|text| text.parse().ok())
        .unwrap_or(10_usize)
        .clamp(1, 100);
    let newest_first: Vec<Value> = sandbox.with(|data| {
        let events = data.stripe.events.iter().rev();
        events
            .filter(|stored| wanted.covers(stored))
            .map(|stored| stored.event.clone())
            .collect()
    });
    let at = |id: &str| newest_first.iter().position(|event| event["id"] == id);
    let (page, more) = match (one("starting_after"), one("ending_before")) {
        (Some(id), _) => match at(id) {
            Some(at) => (&newest_first[at + 1..], false),
            None => return not_found("event", id),
        },
        // The page that ends just before the known event: the ones next to it in time.
        (None, Some(id)) => match at(id) {
            Some(at) => (&newest_first[at.saturating_sub(limit)..at], at > limit),
            None => return not_found("event", id),
        },
        (None, None) => (&newest_first[..], false),
    };
    let has_more = more || page.len() > limit;
    let data: Vec<&Value> = page.iter().take(limit).collect();
    Json(json!({"object": "list", "url": "/v1/events", "has_more": has_more, "data": data}))
        .into_response()
}

struct Wanted<'a> {
    types: Vec<&'a str>,
    since: Option<DateTime<Utc>>,
    delivered: Option<bool>,
}

impl Wanted<'_> {
    fn covers(&self, stored: &StoredEvent) -> bool {
        let kind = stored.event["type"].as_str().unwrap_or_default();
        let created = stored.event["created"].as_i64().unwrap_or_default();
        (self.types.is_empty() || self.types.contains(&kind))
            && self.since.is_none_or(|since| created >= since.timestamp())
            && self
                .delivered
                .is_none_or(|delivered| delivered == stored.delivered)
    }
}
