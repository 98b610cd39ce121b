//! Companies.

use axum::extract::State;
use axum::response::Response;
use domain::identity::companies::{CompanyChanges, CompanyProfile, NewCompany};
use domain::identity::{self, Language, Role};
use platform::db::Tx;
use platform::ids::CompanyId;
use serde::Deserialize;
use serde_json::json;

use crate::App;
use crate::auth::{Caller, CompanyCaller, Person};
use crate::error::Result;
use crate::extract::{IfMatch, Json, respond_versioned};
use crate::idempotency::{Keyed, Outcome};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateCompany {
    name: String,
    country: Option<String>,
    currency: Option<String>,
    timezone: Option<String>,
    language: Option<Language>,
}

impl CreateCompany {
    fn validate(self) -> Result<NewCompany> {
        let default = CompanyProfile::default();
        let profile = CompanyProfile {
            country: self.country.unwrap_or(default.country),
            currency: self.currency.unwrap_or(default.currency),
            timezone: self.timezone.unwrap_or(default.timezone),
            language: self.language.unwrap_or(default.language),
        };
        Ok(NewCompany::validate(&self.name, profile)?)
    }
}

/// Creates a company whose owner is the person.
pub(super) async fn create_company(
    State(app): State<App>,
    person: Person,
    Keyed { body, key }: Keyed<CreateCompany>,
) -> Result<Response> {
    let mut company = body.validate()?;
    // Keys are stored by company, and this one doesn't exist yet. Its id is derived from the key,
    // so that a repeated request finds the same company.
    let derived_id = key.derive_id(person.user.0);
    company.id = derived_id.map_or(company.id, CompanyId);
    let caller = Caller::founder(person, company.id);
    let mut settled = key
        .run_once(&app, &caller, async |tx| {
            insert_company(tx, &caller, &company).await
        })
        .await?;
    let company =
        identity::companies::require_company(&mut settled.tx, settled.outcome.id()?).await?;
    settled.respond(&company).await
}

async fn insert_company(tx: &mut Tx, caller: &Caller, company: &NewCompany) -> Result<Outcome> {
    identity::companies::create_company(tx, company, caller.user, caller.now).await?;
    let subject = ("company", company.id);
    caller
        .record_act(tx, "identity.create_company", subject, json!({}))
        .await?;
    Ok(Outcome::created("companies", company.id))
}

pub(super) async fn show_company(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
) -> Result<Response> {
    let mut tx = caller.begin(&app).await?;
    let company = identity::companies::require_company(&mut tx, caller.company).await?;
    Ok(respond_versioned(company.version, &company))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateCompany {
    name: Option<String>,
    country: Option<String>,
    currency: Option<String>,
    timezone: Option<String>,
    language: Option<Language>,
}

pub(super) async fn update_company(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    IfMatch(version): IfMatch,
    Json(body): Json<UpdateCompany>,
) -> Result<Response> {
    caller.require_role(Role::Admin)?;
    let changes = CompanyChanges {
        name: body.name,
        country: body.country,
        currency: body.currency,
        timezone: body.timezone,
        language: body.language,
    }
    .validate()?;
    let id = caller.company;
    let mut tx = caller.begin(&app).await?;
    let company =
        identity::companies::update_company(&mut tx, id, &changes, version, caller.now).await?;
    let (subject, details) = (("company", id), json!({"version": company.version}));
    caller
        .record_act(&mut tx, "identity.change_company", subject, details)
        .await?;
    tx.commit().await?;
    Ok(respond_versioned(company.version, &company))
}
