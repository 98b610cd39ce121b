//! Meta's Graph: tokens with their proof, two ad accounts, insights as asynchronous reports.

mod accounts;
mod controls;
mod insights;
mod rows;

pub(crate) use controls::router as controls;

use std::collections::{BTreeMap, BTreeSet};

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use hmac::{Hmac, Mac};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::keys::{META_ACCESS_TOKEN, META_APP_SECRET};
use crate::state::Sandbox;
use insights::Run;

/// A request is small; more is a mistake.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Reports by their id, and what became of tokens.
#[derive(Default)]
pub(crate) struct State {
    runs: BTreeMap<String, Run>,
    exchanged: BTreeSet<String>,
    revoked: BTreeSet<String>,
}

impl State {
    fn is_valid(&self, token: &str) -> bool {
        (token == META_ACCESS_TOKEN || self.exchanged.contains(token))
            && !self.revoked.contains(token)
    }

    pub(crate) fn restore(&mut self, kind: &str, value: &Value) -> bool {
        let token = || value.as_str().unwrap_or_default().to_owned();
        match kind {
            "meta_run" => match Run::deserialize(value) {
                Ok(run) => drop(self.runs.insert(run.id.clone(), run)),
                Err(_) => return false,
            },
            "meta_token" => drop(self.exchanged.insert(token())),
            "meta_revoked" => drop(self.revoked.insert(token())),
            "meta_restored" => drop(self.revoked.remove(&token())),
            _ => return false,
        }
        true
    }
}

/// Every version is served alike; the oauth path needs no token, the others do.
pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/{version}/oauth/access_token", get(accounts::exchange))
        .route("/{version}/me/adaccounts", get(accounts::list))
        .route(
            "/{version}/{object}/insights",
            get(insights::read).post(insights::start),
        )
        .route("/{version}/{object}", get(insights::poll))
}

/// The parameters of a call, from the query and a form, once its token and proof are checked.
async fn admit(sandbox: &Sandbox, request: Request) -> Result<Call, Box<Response>> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.unwrap_or_default();
    let mut params: BTreeMap<String, String> = BTreeMap::new();
    for text in [parts.uri.query().unwrap_or_default().as_bytes(), &body] {
        params.extend(url::form_urlencoded::parse(text).into_owned());
    }
    let bearer = |headers: &HeaderMap| {
        Some(
            headers
                .get(header::AUTHORIZATION)?
                .to_str()
                .ok()?
                .strip_prefix("Bearer ")?
                .to_owned(),
        )
    };
    let Some(token) = bearer(&parts.headers).or_else(|| params.get("access_token").cloned()) else {
        return Err(refused(
            104,
            None,
            "An access token is required to request this resource.",
        ));
    };
    if !sandbox.with(|data| data.meta.is_valid(&token)) {
        return Err(refused(
            190,
            Some(463),
            "Error validating access token: Session has expired",
        ));
    }
    match params.get("appsecret_proof") {
        None => Err(refused(
            100,
            None,
            "API calls from the server require an appsecret_proof argument",
        )),
        Some(given) if *given != proof(&token) => Err(refused(
            100,
            None,
            "Invalid appsecret_proof provided in the API argument",
        )),
        Some(_) => Ok(Call { token, params }),
    }
}

struct Call {
    token: String,
    params: BTreeMap<String, String>,
}

fn proof(token: &str) -> String {
    let mut mac =
        <Hmac<Sha256> as Mac>::new_from_slice(META_APP_SECRET.as_bytes()).expect("any key length");
    mac.update(token.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// An answer with the usage headers as the settings say; two entries per account, as Meta may give.
fn metered(sandbox: &Sandbox, body: Value) -> Response {
    let percent = sandbox.with(|data| data.settings.meta_usage_percent);
    (
        usage_headers(percent, u64::from(percent >= 100) * 5),
        Json(body),
    )
        .into_response()
}

fn usage_headers(percent: u32, minutes: u64) -> HeaderMap {
    let entry = |kind: &str, percent: u32, minutes: u64| json!({"type": kind, "call_count": percent, "total_cputime": 1, "total_time": 1, "estimated_time_to_regain_access": minutes});
    let business = json!({accounts::DAKAR: [entry("ads_management", 1, 0), entry("ads_insights", percent, minutes)]});
    let app = json!({"call_count": 1, "total_cputime": 1, "total_time": 1});
    [
        ("x-business-use-case-usage", business),
        ("x-app-usage", app),
    ]
    .into_iter()
    .filter_map(|(name, value)| {
        Some((
            HeaderName::from_static(name),
            HeaderValue::try_from(value.to_string()).ok()?,
        ))
    })
    .collect()
}

/// Meta tells the wait in minutes, in a header; the answer is a 400.
pub(crate) fn rate_limited(seconds: u64) -> Response {
    let mut response = problem(
        80_000,
        None,
        "There have been too many calls to this ad-account.",
    );
    response
        .headers_mut()
        .extend(usage_headers(100, seconds.div_ceil(60)));
    response
}

fn problem(code: i64, subcode: Option<i64>, message: &str) -> Response {
    let mut error = json!({"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Asandbox"});
    if let Some(subcode) = subcode {
        error["error_subcode"] = json!(subcode);
    }
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}

fn refused(code: i64, subcode: Option<i64>, message: &str) -> Box<Response> {
    Box::new(problem(code, subcode, message))
}
