//! The sign-in of operators: a password, and a code of their device.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use domain::identity;
use domain::identity::operators::OperatorCredentials;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::login::{count_login_attempt, invalid_credentials};
use super::tokens::{TokenResponse, normalise_username};
use crate::App;
use crate::auth::{OperatorCaller, Peer};
use crate::error::{Error, Result};
use crate::extract::Form;

/// The password form of OAuth2, with the code of the second factor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperatorForm {
    username: String,
    password: SecretString,
    /// Six digits.
    otp: SecretString,
    grant_type: Option<String>,
}

pub(super) async fn create_operator_token(
    State(app): State<App>,
    peer: Peer,
    Form(form): Form<OperatorForm>,
) -> Result<Json<TokenResponse>> {
    let email = normalise_username(&form.username, form.grant_type.as_deref())?;
    let account = format!("operator:{email}");
    let now = count_login_attempt(&app, &account, peer).await?;
    let operator = verify_operator(&app, &email, form.password).await?;
    let step = find_step(&app, &operator, &form.otp, now)?;

    let mut conn = app.db().app().acquire().await?;
    let session = identity::operators::open_operator_session(&mut conn, &operator, step)
        .await?
        .ok_or_else(invalid_credentials)?;
    identity::attempts::record_login_success(&mut conn, &account, &peer.rate_limit_key()).await?;
    let access_token = app.tokens().issue_operator(operator.id, session, now)?;
    Ok(Json(TokenResponse::new(access_token)))
}

/// Verifies a password. Takes the same time and fails with the same error whether the operator is
/// unknown, disabled, or the password is wrong.
async fn verify_operator(
    app: &App,
    email: &str,
    password: SecretString,
) -> Result<OperatorCredentials> {
    let stored = {
        let mut conn = app.db().app().acquire().await?;
        identity::operators::find_operator_credentials(&mut conn, email).await?
    };
    let hash = stored
        .as_ref()
        .map(|operator| operator.password_hash.clone());
    let matches = app.passwords().verify(password, hash).await?;
    stored
        .filter(|operator| matches && operator.active)
        .ok_or_else(invalid_credentials)
}

/// Returns the step of a valid code. A wrong code fails as a wrong password does.
fn find_step(
    app: &App,
    operator: &OperatorCredentials,
    otp: &SecretString,
    now: DateTime<Utc>,
) -> Result<i64> {
    let context = format!("operators:{}", operator.id);
    let secret = app
        .keyring()
        .open(&context, &operator.sealed_totp_secret)
        .map_err(Error::internal)?;
    identity::second_factor::find_totp_step(&secret, otp.expose_secret(), now)?
        .ok_or_else(invalid_credentials)
}

/// Signs out of the session of the request.
pub(super) async fn end_session(
    State(app): State<App>,
    operator: OperatorCaller,
) -> Result<StatusCode> {
    let mut conn = app.db().app().acquire().await?;
    identity::operators::end_operator_session(&mut conn, operator.session).await?;
    Ok(StatusCode::NO_CONTENT)
}
