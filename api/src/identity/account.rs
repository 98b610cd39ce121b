//! Registering, and one's own account.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION};
use axum::response::{IntoResponse, Response};
use domain::identity::accounts::{NewUser, Profile, ProfileChanges, User};
use domain::identity::companies::{Company, CompanyProfile, NewCompany, OwnCompany};
use domain::identity::{self, Language};
use platform::db::{self, Scope};
use serde::{Deserialize, Serialize};

use super::sign_in::refuse_too_many;
use crate::App;
use crate::auth::{Peer, Person};
use crate::error::Result;
use crate::extract::{IfMatch, Json, nullable};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registration {
    email: String,
    password: String,
    full_name: String,
    company_name: Option<String>,
    phone: Option<String>,
    language: Option<Language>,
}

#[derive(Debug, Serialize)]
struct Registered {
    user: User,
    company: Option<Company>,
}

pub(crate) async fn register(
    State(app): State<App>,
    peer: Peer,
    Json(body): Json<Registration>,
) -> Result<Response> {
    let language = body.language.unwrap_or_default();
    let profile = CompanyProfile {
        language,
        ..CompanyProfile::default()
    };
    let user = NewUser::validate(
        Profile {
            email: &body.email,
            full_name: &body.full_name,
            phone: body.phone.as_deref(),
            language: body.language,
            country: &profile.country,
        },
        &body.password,
    )?;
    let company = body
        .company_name
        .map(|name| NewCompany::validate_as("company_name", &name, profile))
        .transpose()?;
    count_registration(&app, peer).await?;
    let hash = app.passwords().hash(body.password).await?;

    let scope = company
        .as_ref()
        .map_or(Scope::user(user.id), |c| Scope::member(c.id, user.id));
    let mut tx = app.db().begin(scope).await?;
    let now = db::now(&mut tx).await?;
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
    Ok((
        StatusCode::CREATED,
        location,
        axum::Json(Registered { user, company }),
    )
        .into_response())
}

/// Each costs a hash, and may be one of thousands.
async fn count_registration(app: &App, peer: Peer) -> Result<()> {
    let mut conn = app.db().app().acquire().await?;
    let attempts = identity::attempts::count_registration_attempt(&mut conn, &peer.key()).await?;
    refuse_too_many(attempts, db::now(&mut conn).await?)
}

#[derive(Debug, Serialize)]
struct Me {
    #[serde(flatten)]
    user: User,
    companies: Vec<OwnCompany>,
}

pub(crate) async fn show(State(app): State<App>, person: Person) -> Result<Response> {
    let mut tx = person.begin(&app).await?;
    let user = identity::accounts::require_user(&mut tx, person.user).await?;
    let companies = identity::companies::list_own_companies(&mut tx, person.user).await?;
    let etag = [(ETAG, etag(user.version))];
    Ok((etag, axum::Json(Me { user, companies })).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChanges {
    full_name: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    phone: Option<Option<String>>,
    language: Option<Language>,
}

pub(crate) async fn change(
    State(app): State<App>,
    person: Person,
    IfMatch(version): IfMatch,
    Json(body): Json<AccountChanges>,
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
    Ok(([(ETAG, etag(user.version))], axum::Json(user)).into_response())
}

/// The `ETag` of a version, for `If-Match`.
pub(crate) fn etag(version: i32) -> String {
    format!("\"{version}\"")
}
