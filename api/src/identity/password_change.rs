//! Changing a password.

use axum::extract::State;
use axum::http::StatusCode;
use domain::identity;
use domain::identity::accounts::User;
use domain::identity::password::check_password;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::login::count_login_attempt;
use crate::App;
use crate::auth::{Peer, Person};
use crate::error::{Error, Result};
use crate::extract::Json;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePassword {
    current_password: SecretString,
    new_password: SecretString,
}

/// Changes the person's password, and ends every other way into the account.
pub(super) async fn change_password(
    State(app): State<App>,
    person: Person,
    peer: Peer,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode> {
    let mut tx = person.begin(&app).await?;
    let user = identity::accounts::require_user(&mut tx, person.user).await?;
    let current_hash = identity::accounts::find_own_password_hash(&mut tx)
        .await?
        .ok_or_else(wrong_password)?;
    tx.commit().await?;

    validate_password("new_password", body.new_password.expose_secret(), &user)?;
    require_different(&body)?;
    count_login_attempt(&app, &user.email, peer).await?;
    let passwords = app.passwords();
    if !passwords
        .verify_without_priority(body.current_password, current_hash.clone())
        .await?
    {
        return Err(wrong_password());
    }
    let hash = passwords.hash(body.new_password).await?;

    let mut tx = person.begin(&app).await?;
    if !identity::accounts::lock_current_password(&mut tx, person.user, &current_hash).await? {
        return Err(wrong_password());
    }
    identity::accounts::replace_password(&mut tx, person.user, &hash, person.now).await?;
    identity::sessions::end_former_access(&mut tx, &user.email, Some(person.session)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) fn validate_password(field: &'static str, password: &str, user: &User) -> Result<()> {
    match check_password(field, password, &user.email, &user.full_name) {
        Some(invalid) => Err(Error::invalid(vec![invalid])),
        None => Ok(()),
    }
}

fn require_different(body: &ChangePassword) -> Result<()> {
    if body.new_password.expose_secret() == body.current_password.expose_secret() {
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
