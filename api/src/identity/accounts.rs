//! Registration, and the account of the signed-in person.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use domain::identity::accounts::{NewUser, Profile, ProfileChanges, User};
use domain::identity::companies::{Company, CompanyProfile, NewCompany, OwnCompany};
use domain::identity::links::LinkPurpose;
use domain::identity::registration::Registered;
use domain::identity::{self, Language};
use platform::db::{self, Scope};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::links::enqueue_link;
use super::login::require_allowed;
use crate::App;
use crate::auth::{Peer, Person};
use crate::error::Result;
use crate::extract::{IfMatch, Json as JsonBody, deserialize_nullable, respond_versioned};

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

#[derive(Debug, Serialize)]
struct RegistrationResponse {
    user: User,
    company: Option<Company>,
}

/// Creates an account, and mails a link that verifies its address. For an address that has an
/// account, the response is the same: the owner of the address receives a notice instead.
pub(super) async fn register_account(
    State(app): State<App>,
    peer: Peer,
    JsonBody(body): JsonBody<RegisterAccount>,
) -> Result<Response> {
    let (user, company) = body.validate()?;
    let now = count_registration(&app, peer, &user).await?;
    let hash = app.passwords().hash(body.password).await?;
    let scope = company
        .as_ref()
        .map_or(Scope::user(user.id), |c| Scope::member(c.id, user.id));
    let mut tx = app.db().begin(scope).await?;
    let company = company.as_ref();
    let registered =
        identity::registration::register_account(&mut tx, &user, &hash, company, now).await?;
    tx.commit().await?;
    let purpose = match registered {
        Registered::New => LinkPurpose::VerifyAddress,
        Registered::Taken => LinkPurpose::Notice,
    };
    enqueue_link(&app, &user.email, purpose).await?;
    Ok(respond_registered(user, company, now))
}

/// Responds with what was requested, not with what is stored: the two differ where the address has
/// an account.
fn respond_registered(user: NewUser, company: Option<&NewCompany>, now: DateTime<Utc>) -> Response {
    let body = RegistrationResponse {
        user: user.into_user(now),
        company: company.map(|company| company.to_company(now)),
    };
    let location = [(LOCATION, "/api/v1/auth/me")];
    (StatusCode::CREATED, location, Json(body)).into_response()
}

/// Counts a registration before its password is hashed, because a hash is expensive. Returns the
/// time.
async fn count_registration(app: &App, peer: Peer, user: &NewUser) -> Result<DateTime<Utc>> {
    let (network, phone) = (peer.rate_limit_key(), user.phone.as_deref());
    let mut conn = app.db().app().acquire().await?;
    let attempts =
        identity::attempts::count_registration_attempt(&mut conn, &network, &user.email, phone)
            .await?;
    let now = db::load_now(&mut conn).await?;
    require_allowed(attempts, now)?;
    Ok(now)
}

#[derive(Debug, Serialize)]
struct AccountResponse {
    #[serde(flatten)]
    user: User,
    companies: Vec<OwnCompany>,
}

pub(super) async fn show_account(State(app): State<App>, person: Person) -> Result<Response> {
    let mut tx = person.begin(&app).await?;
    let user = identity::accounts::require_user(&mut tx, person.user).await?;
    let companies = identity::companies::list_own_companies(&mut tx, person.user).await?;
    Ok(respond_versioned(
        user.version,
        &AccountResponse { user, companies },
    ))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateAccount {
    full_name: Option<String>,
    #[serde(default, deserialize_with = "deserialize_nullable")]
    phone: Option<Option<String>>,
    language: Option<Language>,
}

pub(super) async fn update_account(
    State(app): State<App>,
    person: Person,
    IfMatch(version): IfMatch,
    JsonBody(body): JsonBody<UpdateAccount>,
) -> Result<Response> {
    let changes = ProfileChanges {
        full_name: body.full_name,
        phone: body.phone,
        language: body.language,
    }
    .validate()?;
    let mut tx = person.begin(&app).await?;
    let user =
        identity::accounts::update_profile(&mut tx, person.user, &changes, version, person.now)
            .await?;
    tx.commit().await?;
    Ok(respond_versioned(user.version, &user))
}
