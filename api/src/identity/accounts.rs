//! The account of the signed-in person.

use axum::extract::State;
use axum::response::Response;
use domain::identity::accounts::{ProfileChanges, User};
use domain::identity::companies::OwnCompany;
use domain::identity::{self, Language};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::auth::Person;
use crate::error::Result;
use crate::extract::{IfMatch, Json as JsonBody, deserialize_nullable, respond_versioned};

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
    let mut tx = person.begin(&app).await?;
    let countries = identity::companies::list_own_countries(&mut tx, person.user).await?;
    let changes = ProfileChanges {
        full_name: body.full_name,
        phone: body.phone,
        language: body.language,
    }
    .validate(&countries)?;
    person.confirm_session(&mut tx).await?;
    let user =
        identity::accounts::update_profile(&mut tx, person.user, &changes, version, person.now)
            .await?;
    tx.commit().await?;
    Ok(respond_versioned(user.version, &user))
}
