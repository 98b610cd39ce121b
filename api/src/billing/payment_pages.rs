//! Stripe's pages: the checkout, where a company subscribes, and the portal, where it changes or
//! ends its subscription.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::billing::{self, Checkout, CheckoutId, Plan};
use domain::identity::Role;
use platform::db::Tx;
use platform::ids::{CompanyId, Uuid};
use providers::stripe::{CheckoutSession, NewCheckout, NewPortal, PortalSession, Stripe};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::idempotency::{Keyed, Outcome};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateCheckout {
    plan: Plan,
}

#[derive(Debug, Serialize)]
struct CheckoutResponse {
    id: CheckoutId,
    plan: Plan,
    session_id: Option<String>,
    /// The page to pay on.
    url: Option<String>,
}

pub(super) async fn create_checkout(
    State(app): State<App>,
    caller: Caller,
    Keyed { body, key }: Keyed<CreateCheckout>,
) -> Result<Response> {
    caller.require_role(Role::Admin)?;
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            insert_checkout(tx, &caller, body.plan).await
        })
        .await?;
    let checkout = billing::require_checkout(&mut settled.tx, settled.outcome.id()?).await?;
    // Committed before the provider is called.
    let outcome = settled.commit().await?;
    outcome.respond(&ensure_session(&app, &caller, checkout).await?)
}

async fn insert_checkout(tx: &mut Tx, caller: &Caller, plan: Plan) -> Result<Outcome> {
    let (company, user) = (caller.company, caller.user);
    let id = billing::create_checkout(tx, company, plan, user, caller.now).await?;
    let (subject, details) = (("checkout", id), json!({"plan": plan}));
    caller
        .record_act(tx, "billing.checkout", subject, details)
        .await?;
    Ok(Outcome::created_without_location(id))
}

/// Opens a session at Stripe unless the checkout has one.
async fn ensure_session(
    app: &App,
    caller: &Caller,
    checkout: Checkout,
) -> Result<CheckoutResponse> {
    let (session_id, url) = if checkout.session_id.is_some() {
        (checkout.session_id, checkout.url)
    } else {
        let session = open_session(app, caller, &checkout).await?;
        (Some(session.id), session.url)
    };
    Ok(CheckoutResponse {
        id: checkout.id,
        plan: checkout.plan,
        session_id,
        url,
    })
}

/// Opens a session at Stripe, outside of any transaction, and stores it.
async fn open_session(app: &App, caller: &Caller, checkout: &Checkout) -> Result<CheckoutSession> {
    let stripe = &app.providers().stripe;
    let request = build_request(stripe, app.console_url(), caller.company, checkout)?;
    let opened = stripe
        .create_checkout_session(&request, &checkout.idempotency_key())
        .await;
    let mut tx = caller.begin(app).await?;
    match opened {
        Ok(session) => {
            let (id, url) = (checkout.id, session.url.as_deref());
            billing::record_session(&mut tx, id, &session.id, url, caller.now).await?;
            tx.commit().await?;
            Ok(session)
        }
        Err(error) => {
            // Stripe replays a stored 5xx for the same key, so the next attempt needs another key.
            if error.status.is_some_and(|status| status >= 500) {
                billing::discard_key(&mut tx, checkout).await?;
                tx.commit().await?;
            }
            Err(error.into())
        }
    }
}

fn build_request(
    stripe: &Stripe,
    console_url: &str,
    company: CompanyId,
    checkout: &Checkout,
) -> Result<NewCheckout> {
    let price = match checkout.plan {
        Plan::Pro => stripe.price_pro(),
        Plan::Enterprise => stripe.price_enterprise(),
        Plan::Free => return Err(Error::internal("checkout of the free plan")),
    };
    Ok(NewCheckout {
        price: price.to_owned(),
        success_url: format!("{console_url}/?checkout=done"),
        cancel_url: format!("{console_url}/?checkout=cancelled"),
        client_reference_id: company.to_string(),
        customer: checkout.customer.clone(),
        customer_email: Some(checkout.customer_email.clone()),
        metadata: [("company_id".to_owned(), company.to_string())].into(),
    })
}

#[derive(Debug, Serialize)]
pub(super) struct PortalResponse {
    /// The page to change or end the subscription on; valid once.
    url: String,
}

/// Opens a portal session. It changes nothing, so every request opens a new one.
pub(super) async fn create_portal(
    State(app): State<App>,
    caller: Caller,
) -> Result<(StatusCode, Json<PortalResponse>)> {
    caller.require_role(Role::Admin)?;
    let subscription = {
        let mut tx = caller.begin(&app).await?;
        billing::load_subscription(&mut tx, caller.now).await?
    };
    let customer = subscription
        .customer
        .ok_or_else(|| Error::new(ErrorCode::Conflict, "the company never had a subscription"))?;
    let request = NewPortal {
        customer,
        return_url: format!("{}/", app.console_url()),
    };
    let key = format!("portal-{}", Uuid::now_v7());
    let stripe = &app.providers().stripe;
    let PortalSession { url, .. } = stripe.create_portal_session(&request, &key).await?;
    Ok((StatusCode::CREATED, Json(PortalResponse { url })))
}
