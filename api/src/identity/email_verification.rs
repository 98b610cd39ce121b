//! Verifying the address of an account. Until then the account's companies send no message and
//! invite nobody.

use ::jobs::alerts::EvaluateAlerts;
use axum::extract::State;
use axum::http::StatusCode;
use domain::identity;
use domain::identity::links::LinkPurpose;
use platform::db::Scope;
use platform::ids::CompanyId;
use secrecy::SecretString;
use serde::Deserialize;

use super::links::{count_link_request, enqueue_link, require_link};
use crate::App;
use crate::auth::{Peer, Person};
use crate::error::{Error, Result};
use crate::extract::Json;

/// Mails another link to the person's own address.
pub(super) async fn request_verification(
    State(app): State<App>,
    person: Person,
    peer: Peer,
) -> Result<StatusCode> {
    let user = {
        let mut tx = person.begin(&app).await?;
        identity::accounts::require_user(&mut tx, person.user).await?
    };
    if user.verified_at.is_some() {
        return Ok(StatusCode::NO_CONTENT);
    }
    count_link_request(&app, &user.email, peer).await?;
    enqueue_link(&app, &user.email, LinkPurpose::VerifyAddress).await?;
    Ok(StatusCode::ACCEPTED)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmVerification {
    token: SecretString,
}

/// Verifies the address by the token of a link and a session of the account. The link alone is not
/// enough: a stranger may have registered the address, and its owner may open the link.
pub(super) async fn confirm_verification(
    State(app): State<App>,
    person: Person,
    Json(body): Json<ConfirmVerification>,
) -> Result<StatusCode> {
    let link = require_link(&app, &body.token, LinkPurpose::VerifyAddress).await?;
    if link.user != person.user {
        return Err(Error::forbidden("the link is for another account"));
    }
    let mut tx = person.begin(&app).await?;
    identity::links::use_account_link(&mut tx, link, person.now).await?;
    identity::accounts::record_verified_address(&mut tx, person.user, person.now).await?;
    let companies = identity::companies::list_own_companies(&mut tx, person.user).await?;
    tx.commit().await?;
    for company in companies {
        send_waiting_alerts(&app, &person, company.id).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Evaluates a company whose open alerts may have waited for a verified address.
async fn send_waiting_alerts(app: &App, person: &Person, company: CompanyId) -> Result<()> {
    let scope = Scope::member(company, person.user);
    let mut tx = app.db().begin(scope).await?;
    domain::alerts::defer_unsent_items(&mut tx).await?;
    let job = ::jobs::company_job(company, &EvaluateAlerts {}).by(person.user);
    tx.enqueue(job).await?;
    Ok(tx.commit().await?)
}
