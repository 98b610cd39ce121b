//! Meta's Graph API: tokens with an app secret proof, two ad accounts, and insights as asynchronous
//! reports.

mod accounts;
mod controls;
mod keys;
mod operations;
mod record;
mod reports;
mod rows;
mod usage;

pub(crate) use controls::router as admin_router;
pub(crate) use operations::OPERATIONS;
pub(crate) use record::MetaRecord;
pub(crate) use usage::rate_limit_response;

use std::collections::{BTreeMap, BTreeSet};

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::state::Sandbox;
use keys::{META_ACCESS_TOKEN, META_APP_SECRET};
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
    if !sandbox.with_data(|data| data.states.meta.is_valid(&token)) {
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

/// Returns the body of an injected error.
pub(crate) fn default_error_body(code: u16) -> Value {
    json!({"error": {"message": "Injected fault", "type": "OAuthException", "code": 2,
        "is_transient": code >= 500, "fbtrace_id": "Asandbox"}})
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
