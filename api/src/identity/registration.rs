//! Registering: a request, whose link is mailed, and its confirmation, which creates the account.

use ::jobs::identity::SendRegistrationLink;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use domain::identity::accounts::{NewUser, Profile, User};
use domain::identity::companies::{Company, CompanyProfile, NewCompany};
use domain::identity::registrations::{Registration, RegistrationId};
use domain::identity::{self, Language};
use platform::crypto::{hash_sha256, random_token};
use platform::db::{self, Scope};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::login::{count_login_attempt, invalid_credentials, require_allowed};
use crate::App;
use crate::auth::Peer;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::Json as JsonBody;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterAccount {
    email: String,
    password: SecretString,
    full_name: String,
    company_name: Option<String>,
    phone: Option<String>,
    language: Option<Language>,
}

impl RegisterAccount {
    fn validate(&self) -> Result<(NewUser, Option<NewCompany>)> {
        let profile = CompanyProfile {
            language: self.language.unwrap_or_default(),
            ..CompanyProfile::default()
        };
        let user = NewUser::validate(
            Profile {
                email: &self.email,
                full_name: &self.full_name,
                phone: self.phone.as_deref(),
                language: self.language,
                country: &profile.country,
            },
            self.password.expose_secret(),
        )?;
        let company = self
            .company_name
            .as_deref()
            .map(|name| NewCompany::validate_as("company_name", name, profile))
            .transpose()?;
        Ok((user, company))
    }
}

/// Stores a registration and mails its link. The response and the work are the same whether or not
/// the address has an account: its owner then receives a notice instead of a link.
pub(super) async fn register_account(
    State(app): State<App>,
    peer: Peer,
    JsonBody(body): JsonBody<RegisterAccount>,
) -> Result<(StatusCode, Json<Value>)> {
    let (user, company) = body.validate()?;
    count_registration(&app, peer, &user).await?;
    let registration = Registration {
        id: RegistrationId::new(),
        email: user.email,
        password_hash: app.passwords().hash(body.password).await?,
        full_name: user.full_name,
        phone: user.phone,
        language: user.language,
        company_name: company.map(|company| company.name),
    };
    enqueue_link(&app, &registration).await?;
    let message = "a message with a link is on its way to this address: open it to sign in";
    Ok((StatusCode::ACCEPTED, Json(json!({"message": message}))))
}

/// Counts a registration before its password is hashed, because a hash is expensive.
async fn count_registration(app: &App, peer: Peer, user: &NewUser) -> Result<()> {
    let (network, phone) = (peer.rate_limit_key(), user.phone.as_deref());
    let mut conn = app.db().app().acquire().await?;
    let attempts =
        identity::attempts::count_registration_attempt(&mut conn, &network, &user.email, phone)
            .await?;
    require_allowed(attempts, db::load_now(&mut conn).await?)
}

/// Creates the registration with the job that mails its link.
async fn enqueue_link(app: &App, registration: &Registration) -> Result<()> {
    let (token, hash) = random_token();
    let context = format!("registrations:{}", registration.id);
    let sealed = app.keyring().seal(&context, token.as_bytes());
    let mut tx = app.db().begin_engine().await?;
    identity::registrations::create_registration(&mut tx, registration, &hash, &sealed).await?;
    let job = SendRegistrationLink {
        registration_id: registration.id,
    };
    tx.enqueue(::jobs::platform_job(&job)).await?;
    Ok(tx.commit().await?)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfirmRegistration {
    token: SecretString,
    /// The password of the registration.
    password: SecretString,
}

#[derive(Debug, Serialize)]
struct RegistrationResponse {
    user: User,
    company: Option<Company>,
}

/// Creates the account of a registration. The link proves that the person reads the address; the
/// password proves that the person is the one who registered it.
pub(super) async fn confirm_registration(
    State(app): State<App>,
    peer: Peer,
    JsonBody(body): JsonBody<ConfirmRegistration>,
) -> Result<Response> {
    let registration = require_registration(&app, &body.token).await?;
    count_login_attempt(&app, &format!("registration:{}", registration.id), peer).await?;
    let (passwords, hash) = (app.passwords(), registration.password_hash.clone());
    if !passwords
        .verify_without_priority(body.password, hash)
        .await?
    {
        return Err(invalid_credentials());
    }
    let response = create_account(&app, &registration).await?;
    let location = [(LOCATION, "/api/v1/auth/me")];
    Ok((StatusCode::CREATED, location, Json(response)).into_response())
}

async fn require_registration(app: &App, token: &SecretString) -> Result<Registration> {
    let hash = hash_sha256(token.expose_secret().as_bytes());
    let mut conn = app.db().app().acquire().await?;
    identity::registrations::find_registration(&mut conn, &hash)
        .await?
        .ok_or_else(|| {
            Error::new(
                ErrorCode::TokenInvalid,
                "the link is unknown, used or has expired; register again",
            )
        })
}

async fn create_account(app: &App, registration: &Registration) -> Result<RegistrationResponse> {
    let (user, company) = registration.to_account();
    let scope = company
        .as_ref()
        .map_or(Scope::user(user.id), |c| Scope::member(c.id, user.id));
    let mut tx = app.db().begin(scope).await?;
    let now = db::load_now(&mut tx).await?;
    let account = (&user, company.as_ref());
    identity::registrations::complete_registration(&mut tx, registration, account, now).await?;
    let company = match company {
        Some(company) => Some(identity::companies::require_company(&mut tx, company.id).await?),
        None => None,
    };
    let user = identity::accounts::require_user(&mut tx, user.id).await?;
    tx.commit().await?;
    Ok(RegistrationResponse { user, company })
}
