//! Events: created with each change, listed, and sent with a signature.

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::StoredEvent;
use super::keys::STRIPE_WEBHOOK_SECRET;
use super::objects::new_id;
use super::record::StripeRecord;
use crate::clock::read_clock;
use crate::deliveries::{Outgoing, deliver_call};
use crate::operation::Operation;
use crate::provider::Provider;
use crate::state::{Data, Sandbox};

const EVENT: Operation = Operation {
    provider: Provider::Stripe,
    name: "stripe_event",
};

/// The waits before each further attempt of a failed webhook.
const RETRY_SECONDS: [u64; 6] = [1, 2, 5, 15, 60, 300];

/// Creates an event with the current state of an object. Returns the event's id.
pub(super) fn create_event(data: &mut Data, kind: &str, object: &Value) -> String {
    let id = new_id("evt_");
    let event = json!({
        "id": id,
        "object": "event",
        "api_version": "2026-08-21",
        "created": read_clock().timestamp(),
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
    data.keep_record(StripeRecord::Event, &stored);
    data.states.stripe.put_event(stored);
    id
}

/// Sends the events in this order, unless webhooks are off or have no URL.
pub(super) fn deliver_events(sandbox: &Sandbox, ids: Vec<String>) {
    if !sandbox.with_data(|data| data.settings.stripe_webhooks) {
        return;
    }
    let sandbox = sandbox.clone();
    crate::task::spawn_named("stripe events", async move {
        for id in ids {
            deliver_event(&sandbox, &id, &SendOptions::default()).await;
        }
    });
}

/// How an event is sent.
pub(super) struct SendOptions {
    /// How old the signature's time is.
    pub(super) age_seconds: i64,
    /// Whether another secret signs the event.
    pub(super) forged: bool,
    /// The waits before each further attempt.
    pub(super) retry_seconds: &'static [u64],
}

impl Default for SendOptions {
    fn default() -> Self {
        Self {
            age_seconds: 0,
            forged: false,
            retry_seconds: &RETRY_SECONDS,
        }
    }
}

/// Sends one event. Returns whether it was acknowledged, or `None` if the event or the URL is
/// missing.
pub(super) async fn deliver_event(
    sandbox: &Sandbox,
    id: &str,
    options: &SendOptions,
) -> Option<bool> {
    let (event, url) = sandbox.with_data(|data| {
        let stored = data
            .states
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
    let secret = if options.forged {
        "whsec_forged"
    } else {
        STRIPE_WEBHOOK_SECRET
    };
    let outgoing = Outgoing {
        operation: EVENT,
        url: &url,
        subject: id,
        retry_seconds: options.retry_seconds,
    };
    let is_acknowledged = deliver_call(sandbox, outgoing, |http| {
        let signature = sign_body(
            secret,
            &body,
            read_clock().timestamp() - options.age_seconds,
        );
        let request = http.post(&url).header("Stripe-Signature", signature);
        request
            .header("content-type", "application/json; charset=utf-8")
            .body(body.clone())
    })
    .await;
    if is_acknowledged {
        mark_delivered(sandbox, id);
    }
    Some(is_acknowledged)
}

fn mark_delivered(sandbox: &Sandbox, id: &str) {
    sandbox.with_data(|data| {
        let Some(stored) = data
            .states
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
        data.keep_record(StripeRecord::Event, &stored);
    });
}

fn sign_body(secret: &str, body: &str, time: i64) -> String {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret.as_bytes()).expect("any key length");
    mac.update(format!("{time}.{body}").as_bytes());
    format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
}
