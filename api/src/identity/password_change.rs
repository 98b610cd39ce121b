//! Changing a password.

use axum::extract::State;
use axum::http::StatusCode;
use domain::identity;
use domain::identity::accounts::User;
use domain::identity::password::check_password;
use serde::Deserialize;

use super::login::count_login_attempt;
use crate::App;
use crate::auth::{Peer, Person};
use crate::error::{Error, Result};
use crate::extract::Json;

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
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode> {
    let mut tx = person.begin(&app).await?;
    let user = identity::accounts::require_user(&mut tx, person.user).await?;
    let current_hash = identity::accounts::find_own_password_hash(&mut tx).await?;
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
    if !identity::accounts::lock_current_password(&mut tx, person.user, &current_hash).await? {
        return Err(wrong_password());
    }
    identity::attempts::record_login_success(&mut tx, &user.email, &peer.rate_limit_key()).await?;
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

pub(super) fn validate_password(field: &'static str, password: &str, user: &User) -> Result<()> {
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
