//! Registration, and the account of the signed-in person.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use domain::identity::accounts::{NewUser, Profile, ProfileChanges, User};
use domain::identity::companies::{Company, CompanyProfile, NewCompany, OwnCompany};
use domain::identity::{self, Language};
use platform::db::{self, Scope};
use serde::{Deserialize, Serialize};

use super::login::require_allowed;
use crate::App;
use crate::auth::{Peer, Person};
use crate::error::Result;
use crate::extract::{IfMatch, Json as JsonBody, deserialize_nullable, respond_versioned};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterAccount {
    email: String,
    password: String,
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
            &self.password,
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

pub(super) async fn register_account(
    State(app): State<App>,
    peer: Peer,
    JsonBody(body): JsonBody<RegisterAccount>,
) -> Result<Response> {
    let (user, company) = body.validate()?;
    count_registration(&app, peer).await?;
    let hash = app.passwords().hash(body.password).await?;

    let scope = company
        .as_ref()
        .map_or(Scope::user(user.id), |c| Scope::member(c.id, user.id));
    let mut tx = app.db().begin(scope).await?;
    let now = db::load_now(&mut tx).await?;
    identity::accounts::create_user(&mut tx, &user, &hash, now).await?;
    let company = match company {
        Some(company) => {
            identity::companies::create_company(&mut tx, &company, user.id, now).await?;
            Some(identity::companies::require_company(&mut tx, company.id).await?)
        }
        None => None,
    };
    let user = identity::accounts::require_user(&mut tx, user.id).await?;
    tx.commit().await?;
    let location = [(LOCATION, "/api/v1/auth/me")];
    let body = RegistrationResponse { user, company };
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}

/// Counts a registration before its password is hashed, because a hash is expensive.
async fn count_registration(app: &App, peer: Peer) -> Result<()> {
    let mut conn = app.db().app().acquire().await?;
    let attempts =
        identity::attempts::count_registration_attempt(&mut conn, &peer.rate_limit_key()).await?;
    require_allowed(attempts, db::load_now(&mut conn).await?)
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
