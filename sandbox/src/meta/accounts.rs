//! The two ad accounts behind a token, and the exchange of a short token for a long one.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{admit, metered, problem};
use crate::keys::{META_APP_ID, META_APP_SECRET};
use crate::state::Sandbox;

pub(super) const DAKAR: &str = "100200300400501";
const PARIS: &str = "100200300400502";

/// Number, name, currency, time zone.
pub(super) const ACCOUNTS: [(&str, &str, &str, &str); 2] = [
    (DAKAR, "Boutique Dakar", "XOF", "Africa/Dakar"),
    (PARIS, "Boutique Paris", "EUR", "Europe/Paris"),
];

/// Sixty days.
const LONG_LIFE_SECONDS: u64 = 60 * 24 * 3600;

/// One account per page, so that listing has to follow cursors.
pub(super) async fn list(Shared(sandbox): Shared<Sandbox>, request: Request) -> Response {
    let call = match admit(&sandbox, request).await {
        Ok(call) => call,
        Err(refusal) => return *refusal,
    };
    let at = call
        .params
        .get("after")
        .and_then(|cursor| cursor.parse().ok())
        .unwrap_or(0_usize);
    let data: Vec<Value> = ACCOUNTS.iter().skip(at).take(1).map(account).collect();
    let mut paging = json!({"cursors": {"before": at.to_string(), "after": (at + 1).to_string()}});
    if at + 1 < ACCOUNTS.len() {
        paging["next"] = json!(format!(
            "https://graph.example/me/adaccounts?access_token={}&after={}",
            call.token,
            at + 1
        ));
    }
    metered(&sandbox, json!({"data": data, "paging": paging}))
}

fn account((number, name, currency, zone): &(&str, &str, &str, &str)) -> Value {
    json!({
        "id": format!("act_{number}"),
        "account_id": number,
        "name": name,
        "currency": currency,
        "timezone_name": zone,
        "account_status": 1,
    })
}

pub(super) async fn exchange(
    Shared(sandbox): Shared<Sandbox>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let is = |key: &str, value: &str| query.get(key).is_some_and(|given| given == value);
    if !is("client_id", META_APP_ID) || !is("client_secret", META_APP_SECRET) {
        return problem(101, None, "Error validating application.");
    }
    if !is("grant_type", "fb_exchange_token") {
        return problem(100, None, "Invalid grant_type");
    }
    let token = query.get("fb_exchange_token").map_or("", String::as_str);
    let long = format!("EAA{}", uuid::Uuid::new_v4().simple());
    let known = sandbox.with(|data| {
        let valid = data.meta.is_valid(token);
        if valid {
            data.keep("meta_token", &long);
            data.meta.exchanged.insert(long.clone());
        }
        valid
    });
    if !known {
        return problem(
            190,
            Some(463),
            "Error validating access token: Session has expired",
        );
    }
    Json(json!({"access_token": long, "token_type": "bearer", "expires_in": LONG_LIFE_SECONDS}))
        .into_response()
}
