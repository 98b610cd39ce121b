//! Resetting a forgotten password by e-mail.

use ::jobs::identity::SendPasswordReset;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::identity;
use domain::identity::resets::{PasswordReset, PasswordResetId};
use platform::crypto::{hash_sha256, random_token};
use platform::db::{self, Scope};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::login::{count_login_attempt, require_allowed};
use super::password_change::validate_password;
use crate::App;
use crate::auth::Peer;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::Json as JsonBody;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestReset {
    email: String,
}

/// Sends a reset link. The response and the work are the same whether or not the account exists.
pub(super) async fn request_reset(
    State(app): State<App>,
    peer: Peer,
    JsonBody(body): JsonBody<RequestReset>,
) -> Result<(StatusCode, Json<Value>)> {
    let email = identity::contact::parse_email("email", &body.email)?;
    {
        let mut conn = app.db().app().acquire().await?;
        let network = peer.rate_limit_key();
        let attempts = identity::attempts::count_reset_attempt(&mut conn, &email, &network).await?;
        require_allowed(attempts, db::load_now(&mut conn).await?)?;
    }
    enqueue_reset(&app, &email).await?;
    let message = "if this address has an account, a message is on its way to it";
    Ok((StatusCode::ACCEPTED, Json(json!({"message": message}))))
}

/// Creates a reset with the job that sends its link. Without an account the same statements run, so
/// that the duration doesn't reveal which accounts exist; the job then sends nothing.
async fn enqueue_reset(app: &App, email: &str) -> Result<()> {
    let id = PasswordResetId::new();
    let (token, hash) = random_token();
    let sealed = app
        .keyring()
        .seal(&format!("password_resets:{id}"), token.as_bytes());
    let mut tx = app.db().begin_engine().await?;
    identity::resets::create_password_reset(&mut tx, id, email, &hash, &sealed).await?;
    let job = SendPasswordReset { reset_id: id };
    tx.enqueue(::jobs::platform_job(&job)).await?;
    Ok(tx.commit().await?)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmReset {
    token: SecretString,
    password: SecretString,
}

/// Sets a new password by the token of a reset link, and ends every other way into the account.
pub(super) async fn confirm_reset(
    State(app): State<App>,
    peer: Peer,
    JsonBody(body): JsonBody<ConfirmReset>,
) -> Result<StatusCode> {
    let reset = require_reset(&app, &body.token).await?;
    let user = {
        let mut tx = app.db().begin(Scope::user(reset.user)).await?;
        identity::accounts::require_user(&mut tx, reset.user).await?
    };
    validate_password("password", body.password.expose_secret(), &user)?;
    count_login_attempt(&app, &format!("reset:{}", reset.id), peer).await?;
    let hash = app.passwords().hash(body.password).await?;

    let mut tx = app.db().begin(Scope::user(user.id)).await?;
    let now = db::load_now(&mut tx).await?;
    identity::resets::use_password_reset(&mut tx, reset, now).await?;
    identity::accounts::replace_password(&mut tx, user.id, &hash, now).await?;
    identity::sessions::end_former_access(&mut tx, &user.email, None).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn require_reset(app: &App, token: &SecretString) -> Result<PasswordReset> {
    let hash = hash_sha256(token.expose_secret().as_bytes());
    let mut conn = app.db().app().acquire().await?;
    identity::resets::find_password_reset(&mut conn, &hash)
        .await?
        .ok_or_else(|| {
            Error::new(
                ErrorCode::TokenInvalid,
                "the link is unknown, used or has expired; request another",
            )
        })
}
