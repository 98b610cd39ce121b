//! What the customer does: pays a checkout, changes or ends a subscription; and the two pages on
//! which a person can do it by hand.

use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::{events, objects};
use crate::clock::now;
use crate::page::escape;
use crate::state::{Data, Sandbox};

pub(super) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/checkout/{id}", get(checkout_page))
        .route("/checkout/{id}/pay", post(pay))
        .route("/portal/{id}", get(portal_page))
        .route("/portal/{id}/cancel", post(cancel))
}

/// Completes a checkout that is open: customer, subscription, events. Returns the session, or
/// `None` where there is none that is open.
pub(super) fn complete(sandbox: &Sandbox, id: &str) -> Option<Value> {
    let (session, sent) = sandbox.with(|data| {
        let mut session = data
            .stripe
            .find("checkout.session", id)
            .filter(|s| s["status"] == "open")?
            .clone();
        if session["customer"].is_null() {
            let customer = objects::customer(session["customer_email"].as_str(), &json!({}));
            session["customer"] = customer["id"].clone();
            keep(data, &customer);
        }
        let price = session["sandbox_price"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let customer = session["customer"].as_str().unwrap_or_default().to_owned();
        let subscription =
            objects::subscription(&customer, &price, &session["sandbox_subscription_metadata"]);
        session["status"] = json!("complete");
        session["payment_status"] = json!("paid");
        session["url"] = Value::Null;
        session["subscription"] = subscription["id"].clone();
        let invoice = objects::invoice(&subscription, true);
        for object in [&session, &subscription, &invoice] {
            keep(data, object);
        }
        let sent = vec![
            events::arise(data, "customer.subscription.created", &subscription),
            events::arise(data, "checkout.session.completed", &session),
            events::arise(data, "invoice.paid", &invoice),
        ];
        Some((session, sent))
    })?;
    events::send_all(sandbox, sent);
    Some(session)
}

/// What changes on a subscription.
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    pub(super) status: Option<String>,
    pub(super) price: Option<String>,
    pub(super) cancel_at_period_end: Option<bool>,
}

/// Changes a subscription and lets the events arise. Returns it, or `None` where it doesn't exist.
pub(super) fn change(sandbox: &Sandbox, id: &str, change: Change) -> Option<Value> {
    let (subscription, sent) = sandbox.with(|data| {
        let mut subscription = data.stripe.find("subscription", id)?.clone();
        if let Some(price) = change.price {
            subscription["items"]["data"][0]["price"] = objects::price(&price);
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
        let ended = status == "canceled";
        if ended {
            subscription["canceled_at"] = json!(now().timestamp());
            subscription["ended_at"] = json!(now().timestamp());
        }
        keep(data, &subscription);
        let kind = if ended {
            "customer.subscription.deleted"
        } else {
            "customer.subscription.updated"
        };
        let mut sent = vec![events::arise(data, kind, &subscription)];
        if status == "past_due" {
            let invoice = objects::invoice(&subscription, false);
            keep(data, &invoice);
            sent.push(events::arise(data, "invoice.payment_failed", &invoice));
        }
        Some((subscription, sent))
    })?;
    events::send_all(sandbox, sent);
    Some(subscription)
}

fn keep(data: &mut Data, object: &Value) {
    data.keep("stripe_object", object);
    data.stripe.put(object.clone());
}

async fn checkout_page(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Response {
    let found = sandbox.with(|data| data.stripe.find("checkout.session", &id).cloned());
    let Some(session) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let price = objects::price(session["sandbox_price"].as_str().unwrap_or_default());
    let line = format!(
        "{} : {} XOF / month",
        price["id"].as_str().unwrap_or_default(),
        price["unit_amount"]
    );
    page(
        "Checkout",
        &line,
        &format!("/stripe/checkout/{id}/pay"),
        "Pay",
        session["status"] == "open",
    )
}

async fn pay(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Response {
    let Some(session) = complete(&sandbox, &id) else {
        return StatusCode::CONFLICT.into_response();
    };
    let url = session["success_url"]
        .as_str()
        .unwrap_or("/")
        .replace("{CHECKOUT_SESSION_ID}", &id);
    Redirect::to(&url).into_response()
}

async fn portal_page(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Response {
    let Some((_, subscription)) = portal_of(&sandbox, &id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let status = subscription["status"].as_str().unwrap_or("no subscription");
    let line = format!("{} : {status}", subscription["id"].as_str().unwrap_or("-"));
    let open = subscription["id"].is_string() && status != "canceled";
    page(
        "Customer portal",
        &line,
        &format!("/stripe/portal/{id}/cancel"),
        "Cancel the subscription",
        open,
    )
}

async fn cancel(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Response {
    let Some((portal, subscription)) = portal_of(&sandbox, &id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let ended = Change {
        status: Some("canceled".into()),
        ..Change::default()
    };
    if let Some(id) = subscription["id"].as_str() {
        change(&sandbox, id, ended);
    }
    Redirect::to(portal["return_url"].as_str().unwrap_or("/")).into_response()
}

/// The portal session and the customer's newest subscription, null where there is none.
fn portal_of(sandbox: &Sandbox, id: &str) -> Option<(Value, Value)> {
    sandbox.with(|data| {
        let portal = data.stripe.find("billing_portal.session", id)?.clone();
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

fn page(title: &str, line: &str, action: &str, button: &str, open: bool) -> Response {
    let disabled = if open { "" } else { "disabled" };
    let (title, line, action, button) =
        (escape(title), escape(line), escape(action), escape(button));
    Html(format!(
        "<!doctype html><meta charset=utf-8><title>{title}</title>\
         <style>body{{font:16px system-ui;display:grid;place-items:center;min-height:90vh;background:#f6f9fc}}\
         form{{background:#fff;padding:2rem 3rem;border-radius:12px;box-shadow:0 4px 24px #0002;text-align:center}}\
         button{{font:inherit;padding:.7rem 2rem;border:0;border-radius:8px;background:#635bff;color:#fff}}\
         button:disabled{{background:#bbb}}</style>\
         <form method=post action=\"{action}\"><h1>{title}</h1><p>{line}</p><p><small>sandbox: no money moves</small></p>\
         <button {disabled}>{button}</button></form>"
    ))
    .into_response()
}
