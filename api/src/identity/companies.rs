//! Companies.

use axum::extract::State;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use domain::identity::audit::Actor;
use domain::identity::companies::{CompanyChanges, CompanyProfile, NewCompany};
use domain::identity::{self, Language, Role};
use platform::ids::CompanyId;
use serde::Deserialize;
use serde_json::json;

use super::account::etag;
use crate::App;
use crate::auth::{Caller, CompanyCaller, Person};
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::{IfMatch, Json};
use crate::idempotency::{Keyed, Outcome};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompanyBody {
    name: String,
    country: Option<String>,
    currency: Option<String>,
    timezone: Option<String>,
    language: Option<Language>,
}

impl CompanyBody {
    fn check(self) -> Result<NewCompany> {
        let usual = CompanyProfile::default();
        let profile = CompanyProfile {
            country: self.country.unwrap_or(usual.country),
            currency: self.currency.unwrap_or(usual.currency),
            timezone: self.timezone.unwrap_or(usual.timezone),
            language: self.language.unwrap_or(usual.language),
        };
        Ok(NewCompany::validate(&self.name, profile)?)
    }
}

/// Makes a company of which the caller is the owner.
pub(crate) async fn create(
    State(app): State<App>,
    person: Person,
    Keyed { value: body, key }: Keyed<CompanyBody>,
) -> Result<Response> {
    if person.must_change_password {
        return Err(Error::new(
            ErrorCode::PasswordChangeRequired,
            "change the password first: POST /auth/password",
        ));
    }
    let mut company = body.check()?;
    // Keys are kept by company, and there is none yet: the key itself makes its id, so that a repetition finds it.
    if let Some(id) = key.derive_id(person.user.0) {
        company.id = CompanyId(id);
    }
    let caller = Caller {
        company: company.id,
        user: person.user,
        role: Role::Owner,
        actor: Actor::User(person.user),
        now: person.now,
        request_id: person.request_id,
    };
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            identity::companies::create_company(&mut tx, &company, caller.user, caller.now).await?;
            let subject = ("company", Some(company.id.0));
            caller
                .audit(&mut tx, "identity.create_company", subject, json!({}))
                .await?;
            let outcome =
                Outcome::created(format!("/api/v1/companies/{}", company.id), company.id.0);
            key.settle(&mut tx, &caller, outcome).await?
        }
    };
    let company = identity::companies::require_company(&mut tx, outcome.id()?).await?;
    tx.commit().await?;
    Ok(outcome.respond(&company))
}

pub(crate) async fn show(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let company = identity::companies::require_company(&mut tx, caller.company).await?;
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
    .validate()?;
    let mut tx = caller.begin(&app).await?;
    let company =
        identity::companies::update_company(&mut tx, caller.company, &changes, version, caller.now)
            .await?;
    let subject = ("company", Some(caller.company.0));
    caller
        .audit(
            &mut tx,
            "identity.change_company",
            subject,
            json!({"version": company.version}),
        )
        .await?;
    tx.commit().await?;
    Ok(([(ETAG, etag(company.version))], axum::Json(company)).into_response())
}
