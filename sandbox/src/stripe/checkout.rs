//! The actions of a customer: paying a checkout, changing and cancelling a subscription. Two pages
//! let a person do the same.

use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::objects::InvoiceStatus;
use super::{events, objects};
use crate::clock::now;
use crate::journal::RecordKind;
use crate::page::escape_html;
use crate::state::{Data, Sandbox};

const PAGE_STYLE: &str = "body{font:16px system-ui;display:grid;place-items:center;\
    min-height:90vh;background:#f6f9fc}\
    form{background:#fff;padding:2rem 3rem;border-radius:12px;box-shadow:0 4px 24px #0002;\
    text-align:center}\
    button{font:inherit;padding:.7rem 2rem;border:0;border-radius:8px;background:#635bff;color:#fff}\
    button:disabled{background:#bbb}";

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/checkout/{id}", get(checkout_page))
        .route("/checkout/{id}/pay", post(pay_checkout))
        .route("/portal/{id}", get(portal_page))
        .route("/portal/{id}/cancel", post(cancel_subscription))
}

/// Completes an open checkout: creates customer, subscription and events. Returns the session, or
/// `None` if no such session is open.
pub(super) fn complete_checkout(sandbox: &Sandbox, id: &str) -> Option<Value> {
    let (session, events) = sandbox.with_data(|data| {
        let mut session = data
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
        let subscription =
            objects::new_subscription(&customer, &price, &session["sandbox_subscription_metadata"]);
        session["status"] = json!("complete");
        session["payment_status"] = json!("paid");
        session["url"] = Value::Null;
        session["subscription"] = subscription["id"].clone();
        let invoice = objects::new_invoice(&subscription, InvoiceStatus::Paid);
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
    pub(super) cancel_at_period_end: Option<bool>,
}

/// Changes a subscription and sends the events. Returns the subscription if it exists.
pub(super) fn change_subscription(
    sandbox: &Sandbox,
    id: &str,
    change: SubscriptionChange,
) -> Option<Value> {
    let (subscription, events) = sandbox.with_data(|data| {
        let mut subscription = data.stripe.find_object("subscription", id)?.clone();
        if let Some(price) = change.price {
            subscription["items"]["data"][0]["price"] = objects::price_object(&price);
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
            subscription["canceled_at"] = json!(now().timestamp());
            subscription["ended_at"] = json!(now().timestamp());
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
    data.keep_record(RecordKind::StripeObject, object);
    data.stripe.put_object(object.clone());
}

async fn checkout_page(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Response {
    let found = sandbox.with_data(|data| data.stripe.find_object("checkout.session", &id).cloned());
    let Some(session) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let price = objects::price_object(session["sandbox_price"].as_str().unwrap_or_default());
    let line = format!(
        "{} : {} XOF / month",
        price["id"].as_str().unwrap_or_default(),
        price["unit_amount"]
    );
    render_page(
        "Checkout",
        &line,
        &format!("/stripe/checkout/{id}/pay"),
        "Pay",
        if session["status"] == "open" {
            ButtonState::Enabled
        } else {
            ButtonState::Disabled
        },
    )
}

async fn pay_checkout(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Response {
    let Some(session) = complete_checkout(&sandbox, &id) else {
        return StatusCode::CONFLICT.into_response();
    };
    let url = session["success_url"]
        .as_str()
        .unwrap_or("/")
        .replace("{CHECKOUT_SESSION_ID}", &id);
    Redirect::to(&url).into_response()
}

async fn portal_page(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Response {
    let Some((_, subscription)) = find_portal(&sandbox, &id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let status = subscription["status"].as_str().unwrap_or("no subscription");
    let line = format!("{} : {status}", subscription["id"].as_str().unwrap_or("-"));
    let is_cancellable = subscription["id"].is_string() && status != "canceled";
    render_page(
        "Customer portal",
        &line,
        &format!("/stripe/portal/{id}/cancel"),
        "Cancel the subscription",
        if is_cancellable {
            ButtonState::Enabled
        } else {
            ButtonState::Disabled
        },
    )
}

async fn cancel_subscription(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Response {
    let Some((portal, subscription)) = find_portal(&sandbox, &id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let change = SubscriptionChange {
        status: Some("canceled".into()),
        ..SubscriptionChange::default()
    };
    if let Some(id) = subscription["id"].as_str() {
        change_subscription(&sandbox, id, change);
    }
    Redirect::to(portal["return_url"].as_str().unwrap_or("/")).into_response()
}

/// Returns the portal session and the customer's newest subscription, or JSON null without one.
fn find_portal(sandbox: &Sandbox, id: &str) -> Option<(Value, Value)> {
    sandbox.with_data(|data| {
        let portal = data
            .stripe
            .find_object("billing_portal.session", id)?
            .clone();
        let of_customer =
            |o: &&Value| o["object"] == "subscription" && o["customer"] == portal["customer"];
        let newest = data
            .stripe
            .objects
            .values()
            .filter(of_customer)
            .max_by_key(|o| o["created"].as_i64());
        let newest = newest.cloned().unwrap_or_default();
        Some((portal, newest))
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ButtonState {
    Enabled,
    Disabled,
}

fn render_page(
    title: &str,
    line: &str,
    action: &str,
    button: &str,
    state: ButtonState,
) -> Response {
    let disabled = match state {
        ButtonState::Enabled => "",
        ButtonState::Disabled => "disabled",
    };
    let [title, line, action, button] = [title, line, action, button].map(escape_html);
    Html(format!(
        "<!doctype html><meta charset=utf-8><title>{title}</title><style>{PAGE_STYLE}</style>\
         <form method=post action=\"{action}\"><h1>{title}</h1><p>{line}</p>\
         <p><small>sandbox: no money moves</small></p>\
         <button {disabled}>{button}</button></form>"
    ))
    .into_response()
}
