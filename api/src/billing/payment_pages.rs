//! Stripe's pages: the checkout, where a company subscribes, and the portal, where it changes or
//! ends its subscription.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::billing::{self, Checkout, CheckoutId, Plan};
use platform::db::Tx;
use platform::ids::{CompanyId, Uuid};
use providers::ProviderError;
use providers::stripe::{
    CheckoutSession, NewCheckout, NewCustomer, NewPortal, PortalSession, Stripe,
};
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
    settle_present(&app, &caller).await?;
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

/// Settles the present checkout if its session was paid or has expired, so that nobody is sent to
/// it.
///
/// # Errors
/// `Conflict` where it was paid, and the subscription isn't known yet.
async fn settle_present(app: &App, caller: &Caller) -> Result<()> {
    let present = {
        let mut tx = caller.begin(app).await?;
        billing::find_present_checkout(&mut tx).await?
    };
    let Some((id, session)) = present.and_then(|it| Some((it.id, it.session_id?))) else {
        return Ok(());
    };
    let stripe = &app.providers().stripe;
    let session = stripe.fetch_checkout_session(&session).await?;
    if session.is_open() {
        return Ok(());
    }
    let mut tx = caller.begin(app).await?;
    if is_unknown_payment(&mut tx, &session).await? {
        return Err(just_paid());
    }
    billing::settle_checkout(&mut tx, id, caller.now).await?;
    Ok(tx.commit().await?)
}

/// Whether a session was paid whose subscription has not been recorded yet.
async fn is_unknown_payment(tx: &mut Tx, session: &CheckoutSession) -> Result<bool> {
    match &session.subscription {
        Some(subscription) => Ok(!billing::is_known_subscription(tx, subscription).await?),
        None => Ok(session.is_paid()),
    }
}

fn just_paid() -> Error {
    let text = "a checkout of the company was just paid";
    Error::new(ErrorCode::Conflict, text)
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
    } else if checkout.is_superseded {
        let text = "a later checkout took the place of this one";
        return Err(Error::new(ErrorCode::Conflict, text));
    } else {
        let customer = ensure_customer(app, caller).await?;
        end_superseded(app, caller, &customer).await?;
        let session = open_session(app, caller, &checkout, &customer).await?;
        (Some(session.id), session.url)
    };
    Ok(CheckoutResponse {
        id: checkout.id,
        plan: checkout.plan,
        session_id,
        url,
    })
}

/// Ends the sessions of superseded checkouts. One whose response was lost is asked for again first.
///
/// # Errors
/// `Conflict` where one of them was paid.
async fn end_superseded(app: &App, caller: &Caller, customer: &str) -> Result<()> {
    let superseded = {
        let mut tx = caller.begin(app).await?;
        billing::list_payable_checkouts(&mut tx, caller.now).await?
    };
    let stripe = &app.providers().stripe;
    for checkout in superseded {
        let id = match &checkout.session_id {
            Some(id) => id.clone(),
            None => open_session(app, caller, &checkout, customer).await?.id,
        };
        let session = stripe.fetch_checkout_session(&id).await?;
        if session.is_open() {
            stripe.expire_checkout_session(&id).await?;
        }
        let mut tx = caller.begin(app).await?;
        if is_unknown_payment(&mut tx, &session).await? {
            return Err(just_paid());
        }
        billing::settle_checkout(&mut tx, checkout.id, caller.now).await?;
        tx.commit().await?;
        // The plan may have changed since it was read.
        if session.is_paid() {
            return Err(just_paid());
        }
    }
    Ok(())
}

/// Returns the company's customer at Stripe, which is created outside of any transaction.
async fn ensure_customer(app: &App, caller: &Caller) -> Result<String> {
    let (company, user) = (caller.company, caller.user);
    let mut tx = caller.begin(app).await?;
    let prepared = billing::prepare_customer(&mut tx, company, user, caller.now).await?;
    tx.commit().await?;
    if let Some(customer) = prepared.customer {
        return Ok(customer);
    }
    let request = NewCustomer {
        email: prepared.email.clone(),
        metadata: company_metadata(company),
    };
    let stripe = &app.providers().stripe;
    let created = stripe
        .create_customer(&request, &prepared.idempotency_key())
        .await;
    let mut tx = caller.begin(app).await?;
    match created {
        Ok(customer) => {
            billing::record_customer(&mut tx, company, &customer).await?;
            tx.commit().await?;
            Ok(customer)
        }
        Err(error) => {
            if is_replayed(&error) {
                billing::discard_customer_key(&mut tx, &prepared).await?;
                tx.commit().await?;
            }
            Err(error.into())
        }
    }
}

/// Opens a session at Stripe, outside of any transaction, and stores it.
async fn open_session(
    app: &App,
    caller: &Caller,
    checkout: &Checkout,
    customer: &str,
) -> Result<CheckoutSession> {
    let stripe = &app.providers().stripe;
    let request = build_request(
        stripe,
        app.console_url(),
        caller.company,
        checkout,
        customer,
    )?;
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
            if is_replayed(&error) {
                billing::discard_key(&mut tx, checkout).await?;
                tx.commit().await?;
            }
            Err(error.into())
        }
    }
}

/// Stripe replays a stored 5xx for the same key, so the next attempt needs another key.
fn is_replayed(error: &ProviderError) -> bool {
    error.status.is_some_and(|status| status >= 500)
}

fn build_request(
    stripe: &Stripe,
    console_url: &str,
    company: CompanyId,
    checkout: &Checkout,
    customer: &str,
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
        customer: Some(customer.to_owned()),
        customer_email: None,
        metadata: company_metadata(company),
    })
}

fn company_metadata(company: CompanyId) -> BTreeMap<String, String> {
    [("company_id".to_owned(), company.to_string())].into()
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
