//! Plans, the company's subscription, the way to pay for one, and Stripe's webhook.

use axum::Router;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use domain::billing::{
    self, Checkout, CheckoutId, Limits, NewEvent, Plan, Received, SubscriptionView,
};
use domain::identity::Role;
use platform::ids::{CompanyId, Uuid};
use providers::stripe::{CheckoutSession, NewCheckout, NewPortal, PortalSession, Stripe};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{self, Error, Result};
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::List;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/billing/plans", get(list_plans))
        .route("/billing/subscription", get(show_subscription))
        .route("/billing/checkout-sessions", post(create_checkout))
        .route("/billing/portal-sessions", post(create_portal))
        .route("/webhooks/stripe", post(receive_event))
}

async fn list_plans(State(app): State<App>, caller: Caller) -> Result<axum::Json<List<Limits>>> {
    let mut tx = caller.begin(&app).await?;
    Ok(axum::Json(List::whole(billing::list_plans(&mut tx).await?)))
}

async fn show_subscription(
    State(app): State<App>,
    caller: Caller,
) -> Result<axum::Json<SubscriptionView>> {
    let mut tx = caller.begin(&app).await?;
    Ok(axum::Json(
        billing::load_subscription(&mut tx, caller.now).await?,
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckoutBody {
    plan: Plan,
}

#[derive(Debug, Serialize)]
struct CheckoutView {
    id: CheckoutId,
    plan: Plan,
    session_id: Option<String>,
    /// Where to pay.
    url: Option<String>,
}

async fn create_checkout(
    State(app): State<App>,
    caller: Caller,
    body: Keyed<CheckoutBody>,
) -> Result<Response> {
    caller.require(Role::Admin)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match body.key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let plan = body.value.plan;
            let id =
                billing::create_checkout(&mut tx, caller.company, plan, caller.user, caller.now)
                    .await?;
            caller
                .audit(
                    &mut tx,
                    "billing.checkout",
                    ("checkout", Some(id.0)),
                    json!({"plan": plan}),
                )
                .await?;
            let outcome = Outcome::of(StatusCode::CREATED, None, json!({"id": id}));
            body.key.settle(&mut tx, &caller, outcome).await?
        }
    };
    let mut checkout = billing::require_checkout(&mut tx, outcome.id()?).await?;
    tx.commit().await?;
    if checkout.session_id.is_none() {
        let session = open_session(&app, &caller, &checkout).await?;
        (checkout.session_id, checkout.url) = (Some(session.id), session.url);
    }
    let Checkout {
        id,
        plan,
        session_id,
        url,
        ..
    } = checkout;
    Ok(outcome.respond(&CheckoutView {
        id,
        plan,
        session_id,
        url,
    }))
}

/// Has Stripe open the session, outside of any transaction, and writes it.
async fn open_session(app: &App, caller: &Caller, checkout: &Checkout) -> Result<CheckoutSession> {
    let stripe = &app.providers().stripe;
    let wanted = new_checkout(stripe, app.public_url(), caller.company, checkout)?;
    let opened = stripe
        .create_checkout_session(&wanted, &checkout.idempotency_key())
        .await;
    let mut tx = caller.begin(app).await?;
    match opened {
        Ok(session) => {
            billing::record_session(
                &mut tx,
                checkout.id,
                &session.id,
                session.url.as_deref(),
                caller.now,
            )
            .await?;
            tx.commit().await?;
            Ok(session)
        }
        Err(refused) => {
            if refused.status.is_some_and(|status| status >= 500) {
                billing::discard_key(&mut tx, checkout).await?;
                tx.commit().await?;
            }
            Err(refused.into())
        }
    }
}

fn new_checkout(
    stripe: &Stripe,
    home: &str,
    company: CompanyId,
    checkout: &Checkout,
) -> Result<NewCheckout> {
    let price = match checkout.plan {
        Plan::Pro => stripe.price_pro(),
        Plan::Enterprise => stripe.price_enterprise(),
        Plan::Free => return Err(Error::internal("a checkout of the free plan")),
    };
    Ok(NewCheckout {
        price: price.to_owned(),
        success_url: format!("{home}/?checkout=done"),
        cancel_url: format!("{home}/?checkout=cancelled"),
        client_reference_id: company.to_string(),
        customer: checkout.customer.clone(),
        customer_email: Some(checkout.customer_email.clone()),
        metadata: [("company_id".to_owned(), company.to_string())].into(),
    })
}

#[derive(Debug, Serialize)]
struct PortalView {
    /// Where to change or end the subscription; single use.
    url: String,
}

/// A portal session has no effect of its own, so that each call opens one.
async fn create_portal(
    State(app): State<App>,
    caller: Caller,
) -> Result<(StatusCode, axum::Json<PortalView>)> {
    caller.require(Role::Admin)?;
    let mut tx = caller.begin(&app).await?;
    let present = billing::load_subscription(&mut tx, caller.now).await?;
    drop(tx);
    let customer = present
        .customer
        .ok_or_else(|| Error::new(ErrorCode::Conflict, "the company never had a subscription"))?;
    let portal = NewPortal {
        customer,
        return_url: format!("{}/", app.public_url()),
    };
    let key = format!("portal-{}", Uuid::now_v7());
    let PortalSession { url, .. } = app
        .providers()
        .stripe
        .create_portal_session(&portal, &key)
        .await?;
    Ok((StatusCode::CREATED, axum::Json(PortalView { url })))
}

/// Stores a signed event with its job in one transaction, then says so; a second time it only says so.
/// Anything but 2xx makes Stripe send it again.
async fn receive_event(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode> {
    let body = body.map_err(|refused| error::of_status(refused.status()))?;
    let signature = headers
        .get("stripe-signature")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut conn = app.db().app().acquire().await?;
    let now = platform::db::now(&mut conn).await?;
    drop(conn);
    let event = app
        .providers()
        .stripe
        .verify_event(&body, signature, now)
        .map_err(|refused| Error::new(ErrorCode::BadRequest, refused.to_string()))?;
    let mut tx = app.db().begin_engine().await?;
    let new = NewEvent {
        id: &event.id,
        kind: &event.kind,
        body: &body,
        created_at: event.created,
    };
    if billing::store_event(&mut tx, &new, now).await? == Received::New {
        let job = jobs::billing::ApplyEvent { event: event.id };
        tx.enqueue(jobs::platform_job(&job)).await?;
        tx.commit().await?;
    }
    Ok(StatusCode::OK)
}
