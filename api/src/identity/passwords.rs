//! Changing a password, and resetting a forgotten one by e-mail.

use ::jobs::identity::SendPasswordReset;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::identity::{self, PasswordReset, PasswordResetId, User, check_password};
use platform::crypto::{random_token, sha256};
use platform::db::{self, Scope};
use platform::ids::UserId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::login::{count_login_attempt, require_allowed};
use crate::App;
use crate::auth::{Peer, Person};
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::Json as JsonBody;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePassword {
    current_password: String,
    new_password: String,
}

/// Changes the person's password, and ends every other session.
pub(super) async fn change_password(
    State(app): State<App>,
    person: Person,
    peer: Peer,
    JsonBody(body): JsonBody<ChangePassword>,
) -> Result<StatusCode> {
    let mut tx = person.begin(&app).await?;
    let user = identity::find_user(&mut tx, person.user).await?;
    let current_hash = identity::own_password_hash(&mut tx).await?;
    tx.commit().await?;

    validate_password("new_password", &body.new_password, &user)?;
    require_different(&body)?;
    count_login_attempt(&app, &user.email, peer).await?;
    let matches = app
        .passwords()
        .verify(body.current_password, current_hash.clone())
        .await?;
    let current_hash = current_hash
        .filter(|_| matches)
        .ok_or_else(wrong_password)?;
    let hash = app.passwords().hash(body.new_password).await?;

    let mut tx = person.begin(&app).await?;
    if !identity::still_has_password(&mut tx, person.user, &current_hash).await? {
        return Err(wrong_password());
    }
    identity::forgive_attempts(&mut tx, &user.email, &peer.rate_limit_key()).await?;
    identity::replace_password(&mut tx, person.user, &hash, person.now).await?;
    identity::revoke_other_sessions(&mut tx, person.user, Some(person.session), person.now).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn validate_password(field: &'static str, password: &str, user: &User) -> Result<()> {
    match check_password(field, password, &user.email, &user.full_name) {
        Some(invalid) => Err(Error::invalid(vec![invalid])),
        None => Ok(()),
    }
}

fn require_different(body: &ChangePassword) -> Result<()> {
    if body.new_password == body.current_password {
        return Err(Error::invalid_field(
            "new_password",
            "same_password",
            "must differ from the current one",
        ));
    }
    Ok(())
}

fn wrong_password() -> Error {
    Error::invalid_field(
        "current_password",
        "wrong_password",
        "not the current password",
    )
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestReset {
    email: String,
}

/// Sends a reset link. The response is the same whether or not the account exists.
pub(super) async fn request_reset(
    State(app): State<App>,
    peer: Peer,
    JsonBody(body): JsonBody<RequestReset>,
) -> Result<(StatusCode, Json<Value>)> {
    let email = identity::parse_email("email", &body.email)?;
    let credentials = {
        let mut conn = app.db().app().acquire().await?;
        let attempts = identity::try_reset(&mut conn, &email, &peer.rate_limit_key()).await?;
        require_allowed(attempts, db::now(&mut conn).await?)?;
        identity::find_credentials(&mut conn, &email).await?
    };
    if let Some(user) = credentials.filter(|credentials| credentials.active) {
        enqueue_reset(&app, user.id).await?;
    }
    let message = "if this address has an account, a message is on its way to it";
    Ok((StatusCode::ACCEPTED, Json(json!({"message": message}))))
}

/// Creates a reset with the job that sends its link.
async fn enqueue_reset(app: &App, user: UserId) -> Result<()> {
    let reset = PasswordReset {
        id: PasswordResetId::new(),
        user,
    };
    let (token, hash) = random_token();
    let sealed = app
        .keyring()
        .seal(&format!("password_resets:{}", reset.id), token.as_bytes());
    let mut tx = app.db().begin_engine().await?;
    identity::create_password_reset(&mut tx, reset, &hash, &sealed).await?;
    let job = SendPasswordReset { reset_id: reset.id };
    tx.enqueue(::jobs::platform_job(&job)).await?;
    Ok(tx.commit().await?)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmReset {
    token: String,
    password: String,
}

/// Sets a new password by the token of a reset link, and ends every session of the person.
pub(super) async fn confirm_reset(
    State(app): State<App>,
    JsonBody(body): JsonBody<ConfirmReset>,
) -> Result<StatusCode> {
    let reset = require_reset(&app, &body.token).await?;
    let user = {
        let mut tx = app.db().begin(Scope::user(reset.user)).await?;
        identity::find_user(&mut tx, reset.user).await?
    };
    validate_password("password", &body.password, &user)?;
    let hash = app.passwords().hash(body.password).await?;

    let mut tx = app.db().begin(Scope::user(reset.user)).await?;
    let now = db::now(&mut tx).await?;
    identity::use_password_reset(&mut tx, reset, now).await?;
    identity::replace_password(&mut tx, reset.user, &hash, now).await?;
    identity::revoke_other_sessions(&mut tx, reset.user, None, now).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn require_reset(app: &App, token: &str) -> Result<PasswordReset> {
    let mut conn = app.db().app().acquire().await?;
    identity::find_password_reset(&mut conn, &sha256(token.as_bytes()))
        .await?
        .ok_or_else(|| {
            Error::new(
                ErrorCode::TokenInvalid,
                "the link is unknown, used or has expired; request another",
            )
        })
}
