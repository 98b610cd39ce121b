//! Meta's Graph API: tokens with an app secret proof, two ad accounts, and insights as asynchronous
//! reports.

mod accounts;
mod controls;
mod reports;
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
use serde_json::{Value, json};
use sha2::Sha256;

use crate::keys::{META_ACCESS_TOKEN, META_APP_SECRET};
use crate::state::Sandbox;
use reports::ReportRun;

/// More than any valid request.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Reports by id, and the state of tokens.
#[derive(Default)]
pub(crate) struct State {
    runs: BTreeMap<String, ReportRun>,
    exchanged: BTreeSet<String>,
    revoked: BTreeSet<String>,
}

impl State {
    fn is_valid(&self, token: &str) -> bool {
        (token == META_ACCESS_TOKEN || self.exchanged.contains(token))
            && !self.revoked.contains(token)
    }

    pub(crate) fn put_run(&mut self, run: ReportRun) {
        self.runs.insert(run.id.clone(), run);
    }

    pub(crate) fn add_token(&mut self, token: String) {
        self.exchanged.insert(token);
    }

    pub(crate) fn revoke_token(&mut self, token: String) {
        self.revoked.insert(token);
    }

    pub(crate) fn restore_token(&mut self, token: &str) {
        self.revoked.remove(token);
    }
}

/// All API versions behave alike. The OAuth path needs no token, all others do.
pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route(
            "/{version}/oauth/access_token",
            get(accounts::exchange_token),
        )
        .route("/{version}/me/adaccounts", get(accounts::list_accounts))
        .route(
            "/{version}/{object}/insights",
            get(reports::read_report).post(reports::start_report),
        )
        .route("/{version}/{object}", get(reports::poll_report))
}

/// Validates the token and the proof of a call. Returns its parameters from the query and the form.
async fn authenticate_call(
    sandbox: &Sandbox,
    request: Request,
) -> Result<AuthenticatedCall, Box<Response>> {
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
        return Err(boxed_problem(
            104,
            None,
            "An access token is required to request this resource.",
        ));
    };
    if !sandbox.with_data(|data| data.meta.is_valid(&token)) {
        return Err(boxed_problem(
            190,
            Some(463),
            "Error validating access token: Session has expired",
        ));
    }
    match params.get("appsecret_proof") {
        None => Err(boxed_problem(
            100,
            None,
            "API calls from the server require an appsecret_proof argument",
        )),
        Some(proof) if *proof != compute_proof(&token) => Err(boxed_problem(
            100,
            None,
            "Invalid appsecret_proof provided in the API argument",
        )),
        Some(_) => Ok(AuthenticatedCall { token, params }),
    }
}

struct AuthenticatedCall {
    token: String,
    params: BTreeMap<String, String>,
}

fn compute_proof(token: &str) -> String {
    let mut mac =
        <Hmac<Sha256> as Mac>::new_from_slice(META_APP_SECRET.as_bytes()).expect("any key length");
    mac.update(token.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// Responds with the usage headers of the settings. They have two entries per account, as Meta's
/// may.
fn with_usage_headers(sandbox: &Sandbox, body: Value) -> Response {
    let percent = sandbox.with_data(|data| data.settings.meta_usage_percent);
    (
        usage_headers(percent, u64::from(percent >= 100) * 5),
        Json(body),
    )
        .into_response()
}

fn usage_headers(percent: u32, minutes: u64) -> HeaderMap {
    let entry = |kind: &str, percent: u32, minutes: u64| {
        json!({
            "type": kind,
            "call_count": percent,
            "total_cputime": 1,
            "total_time": 1,
            "estimated_time_to_regain_access": minutes,
        })
    };
    let business = json!({
        accounts::DAKAR: [
            entry("ads_management", 1, 0),
            entry("ads_insights", percent, minutes),
        ],
    });
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

/// Responds with 400, and with the wait in minutes in a header, as Meta does.
pub(crate) fn rate_limited(seconds: u64) -> Response {
    let mut response = problem_response(
        80_000,
        None,
        "There have been too many calls to this ad-account.",
    );
    response
        .headers_mut()
        .extend(usage_headers(100, seconds.div_ceil(60)));
    response
}

fn problem_response(code: i64, subcode: Option<i64>, message: &str) -> Response {
    let mut error = json!({
        "message": message,
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": "Asandbox",
    });
    if let Some(subcode) = subcode {
        error["error_subcode"] = json!(subcode);
    }
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}

fn boxed_problem(code: i64, subcode: Option<i64>, message: &str) -> Box<Response> {
    Box::new(problem_response(code, subcode, message))
}
