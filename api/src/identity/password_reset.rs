//! Resetting a forgotten password by e-mail.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::identity::accounts::User;
use domain::identity::links::{AccountLink, LinkPurpose};
use domain::{alerts, identity};
use platform::db::{self, Scope};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::links::{count_link_request, enqueue_link, require_link};
use super::login::count_login_attempt;
use super::password_change::validate_password;
use crate::App;
use crate::auth::Peer;
use crate::error::Result;
use crate::extract::Json as JsonBody;

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
    let email = identity::contact::parse_email("email", &body.email)?;
    count_link_request(&app, &email, peer).await?;
    enqueue_link(&app, &email, LinkPurpose::ResetPassword).await?;
    let message = "if this address has an account, a message is on its way to it";
    Ok((StatusCode::ACCEPTED, Json(json!({"message": message}))))
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
    let link = require_link(&app, &body.token, LinkPurpose::ResetPassword).await?;
    let user = {
        let mut tx = app.db().begin(Scope::user(link.user)).await?;
        identity::accounts::require_user(&mut tx, link.user).await?
    };
    validate_password("password", body.password.expose_secret(), &user)?;
    count_login_attempt(&app, &format!("reset:{}", link.id), peer).await?;
    let hash = app.passwords().hash(body.password).await?;
    remove_unverified_addresses(&app, &user).await?;
    replace_password(&app, link, &user, &hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes the addresses from the rules of an unverified account's companies: a stranger who
/// registered the address may have entered them, and the reset lets the companies send.
async fn remove_unverified_addresses(app: &App, user: &User) -> Result<()> {
    if user.verified_at.is_some() {
        return Ok(());
    }
    let companies = {
        let mut tx = app.db().begin(Scope::user(user.id)).await?;
        identity::companies::list_own_companies(&mut tx, user.id).await?
    };
    for company in companies {
        let mut tx = app.db().begin(Scope::member(company.id, user.id)).await?;
        let now = db::load_now(&mut tx).await?;
        alerts::remove_address_recipients(&mut tx, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn replace_password(app: &App, link: AccountLink, user: &User, hash: &str) -> Result<()> {
    let mut tx = app.db().begin(Scope::user(user.id)).await?;
    let now = db::load_now(&mut tx).await?;
    identity::links::use_account_link(&mut tx, link, now).await?;
    identity::accounts::replace_password(&mut tx, user.id, hash, now).await?;
    identity::accounts::record_reset_address(&mut tx, user.id, now).await?;
    identity::sessions::end_former_access(&mut tx, &user.email, None).await?;
    Ok(tx.commit().await?)
}
