//! Two pages on which a person pays a checkout or cancels a subscription.

use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde_json::Value;

use super::checkout::{SubscriptionChange, change_subscription, complete_checkout};
use super::objects;
use crate::page::escape_html;
use crate::state::Sandbox;

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

async fn checkout_page(Shared(sandbox): Shared<Sandbox>, Path(id): Path<String>) -> Response {
    let found = sandbox.with_data(|data| {
        data.states
            .stripe
            .find_object("checkout.session", &id)
            .cloned()
    });
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
            .states
            .stripe
            .find_object("billing_portal.session", id)?
            .clone();
        let of_customer =
            |o: &&Value| o["object"] == "subscription" && o["customer"] == portal["customer"];
        let newest = data
            .states
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
