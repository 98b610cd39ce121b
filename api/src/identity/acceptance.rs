//! Accepting an invitation.

use axum::Json;
use axum::extract::State;
use domain::identity::accounts::{NewUser, Profile};
use domain::identity::companies::OwnCompany;
use domain::identity::invitations::{Invitee, OpenInvitation};
use domain::identity::{self, Language};
use platform::crypto::hash_sha256;
use platform::db::{self, Scope};
use platform::ids::UserId;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::login::{count_login_attempt, invalid_credentials};
use crate::App;
use crate::auth::{MaybePerson, Peer, Person};
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::Json as JsonBody;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptInvitation {
    token: SecretString,
    full_name: Option<String>,
    password: Option<SecretString>,
    phone: Option<String>,
    language: Option<Language>,
}

#[derive(Debug, Serialize)]
pub(super) struct AcceptanceResponse {
    company: OwnCompany,
    email: String,
    account_created: bool,
}

/// Adds the holder of the token to the company. Without an account of the invited address, it
/// creates one, which needs a name and a password. With one, it requires a session of the account
/// or its password, because others may read the mailbox.
pub(super) async fn accept_invitation(
    State(app): State<App>,
    peer: Peer,
    MaybePerson(person): MaybePerson,
    JsonBody(body): JsonBody<AcceptInvitation>,
) -> Result<Json<AcceptanceResponse>> {
    let invited = require_invitation(&app, &body.token).await?;
    let invitee = match invited.user {
        Some(user) => {
            let account = (user, invited.email.as_str());
            verify_account(&app, peer, account, person, body.password).await?;
            Invitee::Existing(user)
        }
        None => prepare_account(&app, peer, &invited, body).await?,
    };
    let scope = Scope::member(invited.company, invitee.id());
    let mut tx = app.db().begin(scope).await?;
    let now = db::load_now(&mut tx).await?;
    let company = identity::invitations::join_company(&mut tx, &invited, &invitee, now).await?;
    tx.commit().await?;
    Ok(Json(AcceptanceResponse {
        company,
        email: invited.email,
        account_created: matches!(invitee, Invitee::New { .. }),
    }))
}

async fn require_invitation(app: &App, token: &SecretString) -> Result<OpenInvitation> {
    let hash = hash_sha256(token.expose_secret().as_bytes());
    let mut conn = app.db().app().acquire().await?;
    identity::invitations::find_open_invitation(&mut conn, &hash)
        .await?
        .ok_or_else(|| {
            Error::new(
                ErrorCode::TokenInvalid,
                "the invitation is unknown, accepted or has expired",
            )
        })
}

/// Requires a session of the invited account, or its password.
async fn verify_account(
    app: &App,
    peer: Peer,
    (user, email): (UserId, &str),
    person: Option<Person>,
    password: Option<SecretString>,
) -> Result<()> {
    if let Some(person) = person {
        return if person.user == user {
            Ok(())
        } else {
            Err(Error::forbidden("the invitation is for another account"))
        };
    }
    let Some(password) = password else {
        let message = "the invited address has an account: sign in to it, or send its password";
        return Err(Error::new(ErrorCode::SignInRequired, message));
    };
    count_login_attempt(app, email, peer).await?;
    let credentials = {
        let mut conn = app.db().app().acquire().await?;
        identity::accounts::find_credentials(&mut conn, email).await?
    };
    let credentials = credentials.filter(|account| account.active);
    let hash = credentials.ok_or_else(invalid_credentials)?.password_hash;
    let passwords = app.passwords();
    if !passwords.verify_without_priority(password, hash).await? {
        return Err(invalid_credentials());
    }
    let mut conn = app.db().app().acquire().await?;
    Ok(identity::attempts::record_login_success(&mut conn, email, &peer.rate_limit_key()).await?)
}

/// Validates the new account, counts the attempt and hashes the password.
async fn prepare_account(
    app: &App,
    peer: Peer,
    invited: &OpenInvitation,
    body: AcceptInvitation,
) -> Result<Invitee> {
    let required =
        |field: &str| Error::invalid_field(field, "required", "needed to create your account");
    let password = body.password.ok_or_else(|| required("password"))?;
    let full_name = body.full_name.ok_or_else(|| required("full_name"))?;
    let profile = Profile {
        email: &invited.email,
        full_name: &full_name,
        phone: body.phone.as_deref(),
        language: body.language,
        country: "SN",
    };
    let user = NewUser::validate(profile, password.expose_secret())?;
    count_login_attempt(app, &invited.email, peer).await?;
    let password_hash = app.passwords().hash(password).await?;
    Ok(Invitee::New {
        user,
        password_hash,
    })
}
