//! Plans, the company's subscription, Stripe's pages to pay for it, and Stripe's webhook.

mod payment_pages;
mod stripe_webhook;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::billing::{self, Limits, SubscriptionView};

use crate::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::pagination::List;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/billing/plans", get(list_plans))
        .route("/billing/subscription", get(show_subscription))
        .route(
            "/billing/checkout-sessions",
            post(payment_pages::create_checkout),
        )
        .route(
            "/billing/portal-sessions",
            post(payment_pages::create_portal),
        )
        .route("/webhooks/stripe", post(stripe_webhook::receive_event))
}

async fn list_plans(State(app): State<App>, caller: Caller) -> Result<Json<List<Limits>>> {
    let mut tx = caller.begin(&app).await?;
    let plans = billing::list_plans(&mut tx).await?;
    Ok(Json(List::complete(plans)))
}

async fn show_subscription(
    State(app): State<App>,
    caller: Caller,
) -> Result<Json<SubscriptionView>> {
    let mut tx = caller.begin(&app).await?;
    let subscription = billing::load_subscription(&mut tx, caller.now).await?;
    Ok(Json(subscription))
}
