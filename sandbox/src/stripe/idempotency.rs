//! Idempotency keys: the first response is replayed. The same key with another request is an error.
//! A request that fails validation stores nothing.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::objects::Form;
use super::record::StripeRecord;
use super::{Replay, State, problem_response};
use crate::state::Sandbox;

/// Stripe's limit for a key.
const MAX_KEY_CHARS: usize = 255;

/// Creates an object once per key. `create` returns the object, or the response that rejects the
/// request.
pub(super) fn create_once(
    sandbox: &Sandbox,
    path: &str,
    headers: &HeaderMap,
    form: &Form,
    create: impl FnOnce(&mut State, &Form) -> Result<Value, Box<Response>>,
) -> Response {
    let key = headers
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok());
    if key.is_some_and(|key| key.len() > MAX_KEY_CHARS) {
        return idempotency_error("Idempotency keys are at most 255 characters long");
    }
    let fingerprint = hex::encode(Sha256::digest(format!("{path} {form:?}")));
    sandbox.with_data(|data| {
        if let Some(replay) = key.and_then(|key| data.states.stripe.replays.get(key)) {
            return replay_response(replay, &fingerprint);
        }
        let object = match create(&mut data.states.stripe, form) {
            Ok(object) => object,
            Err(rejection) => return *rejection,
        };
        data.keep_record(StripeRecord::Object, &object);
        data.states.stripe.put_object(object.clone());
        if let Some(key) = key {
            let replay = Replay {
                key: key.to_owned(),
                fingerprint: Some(fingerprint),
                status: 200,
                body: object.clone(),
            };
            data.keep_record(StripeRecord::Replay, &replay);
            data.states.stripe.put_replay(replay);
        }
        Json(object).into_response()
    })
}

fn replay_response(replay: &Replay, fingerprint: &str) -> Response {
    if replay
        .fingerprint
        .as_deref()
        .is_some_and(|first| first != fingerprint)
    {
        return idempotency_error(
            "Keys for idempotent requests can only be used with the same parameters they were \
             first used with",
        );
    }
    let status = StatusCode::from_u16(replay.status).unwrap_or(StatusCode::OK);
    let mut response = (status, Json(&replay.body)).into_response();
    response
        .headers_mut()
        .insert("idempotent-replayed", HeaderValue::from_static("true"));
    response
}

fn idempotency_error(message: &str) -> Response {
    problem_response(StatusCode::BAD_REQUEST, "idempotency_error", None, message)
}
