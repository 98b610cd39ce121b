//! The two ad accounts of a token, and the exchange of a short-lived token for a long-lived one.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::keys::{META_APP_ID, META_APP_SECRET};
use super::record::MetaRecord;
use super::usage::with_usage_headers;
use super::{authenticate_call, problem_response};
use crate::state::Sandbox;

pub(super) const DAKAR: &str = "100200300400501";
const PARIS: &str = "100200300400502";

/// Number, name, currency and time zone of each account.
pub(super) const ACCOUNTS: [(&str, &str, &str, &str); 2] = [
    (DAKAR, "Boutique Dakar", "XOF", "Africa/Dakar"),
    (PARIS, "Boutique Paris", "EUR", "Europe/Paris"),
];

/// Sixty days.
const LONG_LIVED_TOKEN_SECONDS: u64 = 60 * 24 * 3600;

/// Lists one account per page, so that clients must follow cursors.
pub(super) async fn list_accounts(Shared(sandbox): Shared<Sandbox>, request: Request) -> Response {
    let call = match authenticate_call(&sandbox, request).await {
        Ok(call) => call,
        Err(rejection) => return *rejection,
    };
    let at = call
        .params
        .get("after")
        .and_then(|cursor| cursor.parse().ok())
        .unwrap_or(0_usize);
    let data: Vec<Value> = ACCOUNTS.iter().skip(at).take(1).map(account_json).collect();
    let mut paging = json!({"cursors": {"before": at.to_string(), "after": (at + 1).to_string()}});
    if at + 1 < ACCOUNTS.len() {
        paging["next"] = json!(format!(
            "https://graph.example/me/adaccounts?access_token={}&after={}",
            call.token,
            at + 1
        ));
    }
    with_usage_headers(&sandbox, json!({"data": data, "paging": paging}))
}

fn account_json((number, name, currency, zone): &(&str, &str, &str, &str)) -> Value {
    json!({
        "id": format!("act_{number}"),
        "account_id": number,
        "name": name,
        "currency": currency,
        "timezone_name": zone,
        "account_status": 1,
    })
}

pub(super) async fn exchange_token(
    Shared(sandbox): Shared<Sandbox>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let is = |key: &str, value: &str| query.get(key).is_some_and(|found| found == value);
    if !is("client_id", META_APP_ID) || !is("client_secret", META_APP_SECRET) {
        return problem_response(101, None, "Error validating application.");
    }
    if !is("grant_type", "fb_exchange_token") {
        return problem_response(100, None, "Invalid grant_type");
    }
    let token = query.get("fb_exchange_token").map_or("", String::as_str);
    let long_lived = format!("EAA{}", uuid::Uuid::new_v4().simple());
    let is_known = sandbox.with_data(|data| {
        let is_valid = data.states.meta.is_valid(token);
        if is_valid {
            data.keep_record(MetaRecord::Token, &long_lived);
            data.states.meta.add_token(long_lived.clone());
        }
        is_valid
    });
    if !is_known {
        return problem_response(
            190,
            Some(463),
            "Error validating access token: Session has expired",
        );
    }
    Json(json!({
        "access_token": long_lived,
        "token_type": "bearer",
        "expires_in": LONG_LIVED_TOKEN_SECONDS,
    }))
    .into_response()
}
