//! Idempotency keys: the first answer is given again; the same key for another request is an error;
//! a request that was refused by validation leaves nothing behind.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::objects::Form;
use super::{Replay, State, problem};
use crate::state::Sandbox;

/// Stripe's limit for a key.
const MAX_KEY_CHARS: usize = 255;

/// Makes the object once per key. `make` says what it made, or how the request is refused.
pub(super) fn once(
    sandbox: &Sandbox,
    path: &str,
    headers: &HeaderMap,
    form: &Form,
    make: impl FnOnce(&mut State, &Form) -> Result<Value, Box<Response>>,
) -> Response {
    let key = headers
        .get("idempotency-key")
        .and_then(|value| value.to_str().ok());
    if key.is_some_and(|key| key.len() > MAX_KEY_CHARS) {
        return mistaken("Idempotency keys are at most 255 characters long");
    }
    let fingerprint = hex::encode(Sha256::digest(format!("{path} {form:?}")));
    sandbox.with(|data| {
        if let Some(replay) = key.and_then(|key| data.stripe.replays.get(key)) {
            return again(replay, &fingerprint);
        }
        let object = match make(&mut data.stripe, form) {
            Ok(object) => object,
            Err(refusal) => return *refusal,
        };
        data.keep("stripe_object", &object);
        data.stripe.put(object.clone());
        if let Some(key) = key {
            let (key, body) = (key.to_owned(), object.clone());
            let replay = Replay {
                key: key.clone(),
                fingerprint: Some(fingerprint),
                status: 200,
                body,
            };
            data.keep("stripe_replay", &replay);
            data.stripe.replays.insert(key, replay);
        }
        Json(object).into_response()
    })
}

fn again(replay: &Replay, fingerprint: &str) -> Response {
    if replay
        .fingerprint
        .as_deref()
        .is_some_and(|first| first != fingerprint)
    {
        return mistaken(
            "Keys for idempotent requests can only be used with the same parameters they were first used with",
        );
    }
    let status = StatusCode::from_u16(replay.status).unwrap_or(StatusCode::OK);
    let mut response = (status, Json(&replay.body)).into_response();
    response
        .headers_mut()
        .insert("idempotent-replayed", HeaderValue::from_static("true"));
    response
}

fn mistaken(message: &str) -> Response {
    problem(StatusCode::BAD_REQUEST, "idempotency_error", None, message)
}
