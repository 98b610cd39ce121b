//! Changing a password, and resetting a forgotten one by e-mail.

use ::jobs::identity::SendPasswordReset;
use axum::extract::State;
use axum::http::StatusCode;
use domain::identity;
use domain::identity::password::check_password;
use domain::identity::resets::{PasswordReset, PasswordResetId};
use platform::crypto::{random_token, sha256};
use platform::db::{self, Scope};
use serde::Deserialize;
use serde_json::{Value, json};

use super::sign_in::{count_login, refuse_too_many};
use crate::App;
use crate::auth::{Peer, Person};
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::Json;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordChange {
    current_password: String,
    new_password: String,
}

/// Ends every other session of the person.
pub(crate) async fn change(
    State(app): State<App>,
    person: Person,
    peer: Peer,
    Json(body): Json<PasswordChange>,
) -> Result<StatusCode> {
    let mut tx = person.begin(&app).await?;
    let user = identity::accounts::require_user(&mut tx, person.user).await?;
    let current = identity::accounts::find_own_password_hash(&mut tx).await?;
    tx.commit().await?;

    if let Some(wrong) = check_password(
        "new_password",
        &body.new_password,
        &user.email,
        &user.full_name,
    ) {
        return Err(Error::invalid(vec![wrong]));
    }
    if body.new_password == body.current_password {
        return Err(Error::invalid_field(
            "new_password",
            "same_password",
            "must differ from the current one",
        ));
    }
    count_login(&app, &user.email, peer).await?;
    let wrong = || {
        Error::invalid_field(
            "current_password",
            "wrong_password",
            "not the current password",
        )
    };
    if !app
        .passwords()
        .verify(body.current_password, current.clone())
        .await?
    {
        return Err(wrong());
    }
    let hash = app.passwords().hash(body.new_password).await?;

    let mut tx = person.begin(&app).await?;
    if !identity::accounts::lock_current_password(
        &mut tx,
        person.user,
        &current.unwrap_or_default(),
    )
    .await?
    {
        return Err(wrong());
    }
    identity::attempts::record_login_success(&mut tx, &user.email, &peer.key()).await?;
    identity::accounts::replace_password(&mut tx, person.user, &hash, person.now).await?;
    identity::sessions::revoke_other_sessions(
        &mut tx,
        person.user,
        Some(person.session),
        person.now,
    )
    .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetRequest {
    email: String,
}

/// The same answer whether or not the account exists.
pub(crate) async fn request_reset(
    State(app): State<App>,
    peer: Peer,
    Json(body): Json<ResetRequest>,
) -> Result<(StatusCode, axum::Json<Value>)> {
    let email = identity::contact::parse_email("email", &body.email)?;
    let known = {
        let mut conn = app.db().app().acquire().await?;
        let attempts =
            identity::attempts::count_reset_attempt(&mut conn, &email, &peer.key()).await?;
        refuse_too_many(attempts, db::now(&mut conn).await?)?;
        identity::accounts::find_credentials(&mut conn, &email).await?
    };
    if let Some(user) = known.filter(|known| known.active) {
        let reset = PasswordReset {
            id: PasswordResetId::new(),
            user: user.id,
        };
        let (token, hash) = random_token();
        let sealed = app
            .keyring()
            .seal(&format!("password_resets:{}", reset.id), token.as_bytes());
        let mut tx = app.db().begin_engine().await?;
        identity::resets::create_password_reset(&mut tx, reset, &hash, &sealed).await?;
        tx.enqueue(::jobs::platform_job(&SendPasswordReset {
            reset_id: reset.id,
        }))
        .await?;
        tx.commit().await?;
    }
    let message = "if this address has an account, a message is on its way to it";
    Ok((
        StatusCode::ACCEPTED,
        axum::Json(json!({"message": message})),
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetConfirmation {
    token: String,
    password: String,
}

/// Ends every session of the person.
pub(crate) async fn confirm_reset(
    State(app): State<App>,
    Json(body): Json<ResetConfirmation>,
) -> Result<StatusCode> {
    let token_hash = sha256(body.token.as_bytes());
    let reset = {
        let mut conn = app.db().app().acquire().await?;
        identity::resets::find_password_reset(&mut conn, &token_hash).await?
    };
    let reset = reset.ok_or_else(|| {
        Error::new(
            ErrorCode::TokenInvalid,
            "the link is unknown, used or has expired; ask for another",
        )
    })?;
    let mut tx = app.db().begin(Scope::user(reset.user)).await?;
    let user = identity::accounts::require_user(&mut tx, reset.user).await?;
    tx.commit().await?;
    if let Some(wrong) = check_password("password", &body.password, &user.email, &user.full_name) {
        return Err(Error::invalid(vec![wrong]));
    }
    let hash = app.passwords().hash(body.password).await?;

    let mut tx = app.db().begin(Scope::user(reset.user)).await?;
    let now = db::now(&mut tx).await?;
    identity::resets::use_password_reset(&mut tx, reset, now).await?;
    identity::accounts::replace_password(&mut tx, reset.user, &hash, now).await?;
    identity::sessions::revoke_other_sessions(&mut tx, reset.user, None, now).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
