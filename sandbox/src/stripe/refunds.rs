//! What undoes a checkout or a payment: an expired session, a cancelled subscription, a refund.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::api::{fetch_object, invalid_request, missing_parameter, parse_form, unknown_id};
use super::checkout::{SubscriptionChange, change_subscription};
use super::objects::new_id;
use super::record::StripeRecord;
use super::{State, events, idempotency, not_found, problem_response};
use crate::clock::read_clock;
use crate::state::Sandbox;

/// Expires an open session, as Stripe does on request.
pub(super) async fn expire_session(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
) -> Response {
    let expired = sandbox.with_data(|data| {
        let session = data.states.stripe.find_object("checkout.session", &id);
        let mut session = session.cloned()?;
        if session["status"] != "open" {
            return Some(Err(session["status"].clone()));
        }
        session["status"] = json!("expired");
        session["url"] = Value::Null;
        data.keep_record(StripeRecord::Object, &session);
        data.states.stripe.put_object(session.clone());
        let event = events::create_event(data, "checkout.session.expired", &session);
        Some(Ok((session, event)))
    });
    match expired {
        None => not_found("checkout.session", &id),
        Some(Err(status)) => *invalid_request(&format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This one has a \
             status of {status}."
        )),
        Some(Ok((session, event))) => {
            events::deliver_events(&sandbox, vec![event]);
            Json(session).into_response()
        }
    }
}

pub(super) async fn cancel_subscription(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
) -> Response {
    let is_running = sandbox.with_data(|data| {
        let subscription = data.states.stripe.find_object("subscription", &id)?;
        Some(subscription["status"] != "canceled")
    });
    if is_running != Some(true) {
        return not_found("subscription", &id);
    }
    let change = SubscriptionChange {
        status: Some("canceled".into()),
        ..SubscriptionChange::default()
    };
    change_subscription(&sandbox, &id, change).map_or_else(
        || not_found("subscription", &id),
        |subscription| Json(subscription).into_response(),
    )
}

pub(super) async fn fetch_invoice(
    Shared(sandbox): Shared<Sandbox>,
    Path(id): Path<String>,
) -> Response {
    fetch_object(&sandbox, "invoice", &id)
}

pub(super) async fn create_refund(
    Shared(sandbox): Shared<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = parse_form(&body);
    idempotency::create_once(&sandbox, "refunds", &headers, &form, |state, form| {
        let payment = form.get("payment_intent");
        let payment = payment.ok_or_else(|| missing_parameter("payment_intent"))?;
        let amount = find_paid_amount(state, payment)
            .ok_or_else(|| unknown_id("payment_intent", payment))?;
        let is_refunded = |object: &Value| {
            object["object"] == "refund" && object["payment_intent"] == payment.as_str()
        };
        if state.objects.values().any(is_refunded) {
            return Err(already_refunded());
        }
        Ok(json!({
            "id": new_id("re_"),
            "object": "refund",
            "amount": amount,
            "created": read_clock().timestamp(),
            "currency": "xof",
            "payment_intent": payment,
            "reason": form.get("reason"),
            "status": "succeeded",
        }))
    })
}

/// Returns what an invoice was paid with this payment.
fn find_paid_amount(state: &State, payment: &str) -> Option<Value> {
    let invoice = state.objects.values().find(|object| {
        object["object"] == "invoice"
            && object["payments"]["data"][0]["payment"]["payment_intent"] == payment
    })?;
    Some(invoice["amount_paid"].clone())
}

fn already_refunded() -> Box<Response> {
    Box::new(problem_response(
        StatusCode::BAD_REQUEST,
        "invalid_request_error",
        Some("charge_already_refunded"),
        "The payment has already been refunded.",
    ))
}
