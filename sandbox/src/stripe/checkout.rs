//! The actions of a customer: paying a checkout, changing and cancelling a subscription.

use serde_json::{Value, json};

use super::objects::InvoiceStatus;
use super::record::StripeRecord;
use super::{events, objects};
use crate::clock::read_clock;
use crate::state::{Data, Sandbox};

/// Completes an open checkout: creates customer, subscription and events. Returns the session, or
/// `None` if no such session is open.
pub(super) fn complete_checkout(sandbox: &Sandbox, id: &str) -> Option<Value> {
    let (session, events) = sandbox.with_data(|data| {
        let mut session = data
            .states
            .stripe
            .find_object("checkout.session", id)
            .filter(|s| s["status"] == "open")?
            .clone();
        if session["customer"].is_null() {
            let customer = objects::new_customer(session["customer_email"].as_str(), &json!({}));
            session["customer"] = customer["id"].clone();
            store_object(data, &customer);
        }
        let price = session["sandbox_price"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let customer = session["customer"].as_str().unwrap_or_default().to_owned();
        let mut subscription =
            objects::new_subscription(&customer, &price, &session["sandbox_subscription_metadata"]);
        session["status"] = json!("complete");
        session["payment_status"] = json!("paid");
        session["url"] = Value::Null;
        session["subscription"] = subscription["id"].clone();
        let invoice = objects::new_invoice(&subscription, InvoiceStatus::Paid);
        subscription["latest_invoice"] = invoice["id"].clone();
        for object in [&session, &subscription, &invoice] {
            store_object(data, object);
        }
        let events = vec![
            events::create_event(data, "customer.subscription.created", &subscription),
            events::create_event(data, "checkout.session.completed", &session),
            events::create_event(data, "invoice.paid", &invoice),
        ];
        Some((session, events))
    })?;
    events::deliver_events(sandbox, events);
    Some(session)
}

/// A change of a subscription.
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SubscriptionChange {
    pub(super) status: Option<String>,
    pub(super) price: Option<String>,
    /// The prices of all items, in this order.
    pub(super) items: Option<Vec<String>>,
    pub(super) cancel_at_period_end: Option<bool>,
    /// Seconds since 1970.
    pub(super) cancel_at: Option<i64>,
    /// Seconds since 1970.
    pub(super) created: Option<i64>,
}

/// Changes a subscription and sends the events. Returns the subscription if it exists.
pub(super) fn change_subscription(
    sandbox: &Sandbox,
    id: &str,
    change: SubscriptionChange,
) -> Option<Value> {
    let (subscription, events) = sandbox.with_data(|data| {
        let mut subscription = data.states.stripe.find_object("subscription", id)?.clone();
        if let Some(price) = change.price {
            subscription["items"]["data"][0]["price"] = objects::price_object(&price);
        }
        if let Some(prices) = change.items {
            let at = subscription["created"].as_i64().unwrap_or_default();
            let items = prices.iter().map(|price| objects::new_item(id, at, price));
            subscription["items"]["data"] = items.collect();
        }
        if let Some(at) = change.cancel_at {
            subscription["cancel_at"] = json!(at);
        }
        if let Some(at) = change.created {
            subscription["created"] = json!(at);
        }
        if let Some(at_end) = change.cancel_at_period_end {
            subscription["cancel_at_period_end"] = json!(at_end);
        }
        let status = change.status.unwrap_or_else(|| {
            subscription["status"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        });
        subscription["status"] = json!(status);
        let is_ended = status == "canceled";
        if is_ended {
            subscription["canceled_at"] = json!(read_clock().timestamp());
            subscription["ended_at"] = json!(read_clock().timestamp());
        }
        store_object(data, &subscription);
        let kind = if is_ended {
            "customer.subscription.deleted"
        } else {
            "customer.subscription.updated"
        };
        let mut events = vec![events::create_event(data, kind, &subscription)];
        if status == "past_due" {
            let invoice = objects::new_invoice(&subscription, InvoiceStatus::Open);
            store_object(data, &invoice);
            events.push(events::create_event(
                data,
                "invoice.payment_failed",
                &invoice,
            ));
        }
        Some((subscription, events))
    })?;
    events::deliver_events(sandbox, events);
    Some(subscription)
}

fn store_object(data: &mut Data, object: &Value) {
    data.keep_record(StripeRecord::Object, object);
    data.states.stripe.put_object(object.clone());
}
