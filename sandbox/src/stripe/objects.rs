//! Stripe's objects, with the members that a billing integration reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::keys::STRIPE_PRICES;
use crate::clock::read_clock;

const MONTH_SECONDS: i64 = 30 * 24 * 3600;

pub(super) type Form = BTreeMap<String, String>;

/// Returns `prefix` and 24 characters.
pub(super) fn new_id(prefix: &str) -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    format!("{prefix}{}", &id[..24])
}

/// Returns the members `<name>[key]` of a form as an object.
pub(super) fn form_members(form: &Form, name: &str) -> Value {
    let begin = format!("{name}[");
    let pairs = form.iter().filter_map(|(key, value)| {
        let key = key.strip_prefix(&begin)?.strip_suffix(']')?;
        Some((key.to_owned(), json!(value)))
    });
    Value::Object(pairs.collect())
}

pub(super) fn new_customer(email: Option<&str>, metadata: &Value) -> Value {
    json!({
        "id": new_id("cus_"),
        "object": "customer",
        "created": read_clock().timestamp(),
        "email": email,
        "livemode": false,
        "metadata": metadata,
    })
}

pub(super) fn new_session(form: &Form, base: &str) -> Value {
    let id = new_id("cs_test_");
    let url = format!("{base}/stripe/checkout/{id}");
    json!({
        "id": id,
        "object": "checkout.session",
        "cancel_url": form.get("cancel_url"),
        "client_reference_id": form.get("client_reference_id"),
        "created": read_clock().timestamp(),
        "customer": form.get("customer"),
        "customer_email": form.get("customer_email"),
        "expires_at": read_clock().timestamp() + 24 * 3600,
        "livemode": false,
        "metadata": form_members(form, "metadata"),
        "mode": form.get("mode"),
        "payment_status": "unpaid",
        "status": "open",
        "subscription": null,
        "success_url": form.get("success_url"),
        "url": url,
        // Not members of Stripe's object: the subscription is created from them.
        "sandbox_price": form.get("line_items[0][price]"),
        "sandbox_subscription_metadata": form_members(form, "subscription_data[metadata]"),
    })
}

pub(super) fn new_portal(customer: &str, return_url: Option<&String>, base: &str) -> Value {
    let id = new_id("bps_");
    let url = format!("{base}/stripe/portal/{id}");
    json!({
        "id": id,
        "object": "billing_portal.session",
        "created": read_clock().timestamp(),
        "customer": customer,
        "livemode": false,
        "return_url": return_url,
        "url": url,
    })
}

/// Returns an active subscription of one item. The item holds the period, as since API 2025-03-31.
pub(super) fn new_subscription(customer: &str, price: &str, metadata: &Value) -> Value {
    let (id, at) = (new_id("sub_"), read_clock().timestamp());
    json!({
        "id": id,
        "object": "subscription",
        "cancel_at": null,
        "cancel_at_period_end": false,
        "canceled_at": null,
        "collection_method": "charge_automatically",
        "created": at,
        "currency": "xof",
        "customer": customer,
        "ended_at": null,
        "items": {"object": "list", "has_more": false, "data": [new_item(&id, at, price)]},
        "latest_invoice": null,
        "livemode": false,
        "metadata": metadata,
        "status": "active",
    })
}

/// Returns an item of a subscription whose period begins at `at`.
pub(super) fn new_item(subscription: &str, at: i64, price: &str) -> Value {
    json!({
        "id": new_id("si_"),
        "object": "subscription_item",
        "created": at,
        "current_period_start": at,
        "current_period_end": at + MONTH_SECONDS,
        "price": price_object(price),
        "quantity": 1,
        "subscription": subscription,
    })
}

pub(super) fn price_object(id: &str) -> Value {
    let amount = STRIPE_PRICES
        .iter()
        .find(|(known, _)| *known == id)
        .map(|(_, amount)| amount);
    json!({
        "id": id,
        "object": "price",
        "active": true,
        "currency": "xof",
        "recurring": {"interval": "month", "interval_count": 1},
        "type": "recurring",
        "unit_amount": amount,
    })
}

/// Whether an invoice was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InvoiceStatus {
    Paid,
    Open,
}

/// Returns an invoice for the current period of a subscription.
pub(super) fn new_invoice(subscription: &Value, status: InvoiceStatus) -> Value {
    let amount = &subscription["items"]["data"][0]["price"]["unit_amount"];
    let (status, amount_paid) = match status {
        InvoiceStatus::Paid => ("paid", amount.clone()),
        InvoiceStatus::Open => ("open", json!(0)),
    };
    let details = json!({"subscription": subscription["id"], "metadata": subscription["metadata"]});
    let payments = if status == "paid" {
        json!([{"id": new_id("inpay_"), "object": "invoice_payment", "status": "paid",
            "payment": {"type": "payment_intent", "payment_intent": new_id("pi_")}}])
    } else {
        json!([])
    };
    json!({
        "id": new_id("in_"),
        "object": "invoice",
        "amount_due": amount,
        "amount_paid": amount_paid,
        "created": read_clock().timestamp(),
        "currency": "xof",
        "customer": subscription["customer"],
        "livemode": false,
        "parent": {"type": "subscription_details", "subscription_details": details},
        "payments": {"object": "list", "has_more": false, "data": payments},
        "status": status,
        "subscription": subscription["id"],
    })
}
