//! Companies.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION};
use axum::response::{IntoResponse, Response};
use domain::identity::{self, Act, Actor, CompanyChanges, CompanyProfile, Language, NewCompany, Role};
use platform::db::Scope;
use serde::Deserialize;
use serde_json::json;

use super::account::etag;
use crate::App;
use crate::auth::{CompanyCaller, Person};
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::{IfMatch, Json};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompanyBody {
    name: String,
    country: Option<String>,
    currency: Option<String>,
    timezone: Option<String>,
    language: Option<Language>,
}

/// Makes a company of which the caller is the owner.
pub(crate) async fn create(State(app): State<App>, person: Person, Json(body): Json<CompanyBody>) -> Result<Response> {
    if person.must_change_password {
        return Err(Error::new(ErrorCode::PasswordChangeRequired, "change the password first: POST /auth/password"));
    }
    let usual = CompanyProfile::default();
    let profile = CompanyProfile {
        country: body.country.unwrap_or(usual.country),
        currency: body.currency.unwrap_or(usual.currency),
        timezone: body.timezone.unwrap_or(usual.timezone),
        language: body.language.unwrap_or(usual.language),
    };
    let company = NewCompany::check(&body.name, profile)?;
    let mut tx = app.db().begin(Scope::member(company.id, person.user)).await?;
    identity::create_company(&mut tx, &company, person.user, person.now).await?;
    let act = Act {
        company: Some(company.id),
        actor: Actor::User(person.user),
        request_id: &person.request_id,
        action: "identity.create_company",
        subject: ("company", Some(company.id.0)),
        details: json!({}),
        at: person.now,
    };
    identity::record(&mut tx, act).await?;
    let company = identity::find_company(&mut tx, company.id).await?;
    tx.commit().await?;
    let location = [(LOCATION, format!("/api/v1/companies/{}", company.id))];
    Ok((StatusCode::CREATED, location, axum::Json(company)).into_response())
}

pub(crate) async fn show(State(app): State<App>, CompanyCaller(caller): CompanyCaller) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let company = identity::find_company(&mut tx, caller.company).await?;
    Ok(([(ETAG, etag(company.version))], axum::Json(company)).into_response())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompanyPatch {
    name: Option<String>,
    country: Option<String>,
    currency: Option<String>,
    timezone: Option<String>,
    language: Option<Language>,
}

pub(crate) async fn change(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    IfMatch(version): IfMatch,
    Json(body): Json<CompanyPatch>,
) -> Result<Response> {
    caller.require(Role::Admin)?;
    let changes = CompanyChanges {
        name: body.name,
        country: body.country,
        currency: body.currency,
        timezone: body.timezone,
        language: body.language,
    }
    .check()?;
    let mut tx = caller.begin(&app).await?;
    let company = identity::update_company(&mut tx, caller.company, &changes, version, caller.now).await?;
    let subject = ("company", Some(caller.company.0));
    caller.audit(&mut tx, "identity.change_company", subject, json!({"version": company.version})).await?;
    tx.commit().await?;
    Ok(([(ETAG, etag(company.version))], axum::Json(company)).into_response())
}
