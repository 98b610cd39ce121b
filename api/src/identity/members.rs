//! The members of a company.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::identity::accounts::{NewUser, Profile};
use domain::identity::members::{Member, MemberChanges};
use domain::identity::{self, Language, Role};
use platform::crypto::random_token;
use platform::db::{Scope, Tx};
use platform::ids::UserId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::auth::{Caller, CompanyCaller};
use crate::error::{Error, Result};
use crate::extract::{IfMatch, Json as JsonBody, Path, respond_versioned};
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

pub(super) async fn list_members(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    page: Page,
) -> Result<Json<List<Member>>> {
    let after = page.decode_cursor()?;
    let mut tx = caller.begin(&app).await?;
    let rows =
        identity::members::list_members(&mut tx, caller.company, after, page.row_limit()).await?;
    Ok(Json(List::from_rows(rows, &page, |member| member.user_id)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateMember {
    email: String,
    full_name: String,
    role: Role,
    phone: Option<String>,
    language: Option<Language>,
}

#[derive(Debug, Serialize)]
struct MemberResponse {
    #[serde(flatten)]
    member: Member,
    /// Shown once, and never in a replay. The person must change it before anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    temporary_password: Option<String>,
}

/// Creates an account for a person, with a temporary password. A person with an account is invited
/// instead.
pub(super) async fn create_member(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    Keyed { body, key }: Keyed<CreateMember>,
) -> Result<Response> {
    require_power_over(&caller, body.role)?;
    let (user, password) = prepare_user(&app, &caller, &body).await?;
    let hash = app.passwords().hash(password.clone()).await?;
    let scope = Scope::member(caller.company, user.id);
    let tx = app.db().begin(scope).await?;
    let mut temporary_password = None;
    let mut settled = key
        .run_once_in(tx, &caller, async |tx| {
            temporary_password = Some(password);
            insert_member(tx, &caller, &user, &hash, body.role).await
        })
        .await?;
    let id = settled.outcome.id()?;
    let member = identity::members::require_member(&mut settled.tx, caller.company, id).await?;
    let response = MemberResponse {
        member,
        temporary_password,
    };
    settled.respond(&response).await
}

/// Validates the new account, and returns it with its temporary password.
async fn prepare_user(
    app: &App,
    caller: &Caller,
    body: &CreateMember,
) -> Result<(NewUser, String)> {
    let company = {
        let mut tx = caller.begin(app).await?;
        identity::companies::require_company(&mut tx, caller.company).await?
    };
    let profile = Profile {
        email: &body.email,
        full_name: &body.full_name,
        phone: body.phone.as_deref(),
        language: body.language,
        country: &company.country,
    };
    let (password, _) = random_token();
    let user = NewUser {
        must_change_password: true,
        ..NewUser::validate(profile, &password)?
    };
    Ok((user, password))
}

async fn insert_member(
    tx: &mut Tx,
    caller: &Caller,
    user: &NewUser,
    password_hash: &str,
    role: Role,
) -> Result<Outcome> {
    identity::accounts::create_user(tx, user, password_hash, caller.now).await?;
    identity::members::add_member(tx, caller.company, user.id, role, caller.now).await?;
    let (subject, details) = (("user", user.id), json!({"role": role}));
    caller
        .record_act(tx, "identity.create_member", subject, details)
        .await?;
    Ok(Outcome::created_without_location(user.id))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateMember {
    role: Option<Role>,
    active: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct MemberPath {
    user_id: UserId,
}

pub(super) async fn update_member(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    Path(MemberPath { user_id }): Path<MemberPath>,
    IfMatch(version): IfMatch,
    JsonBody(UpdateMember { role, active }): JsonBody<UpdateMember>,
) -> Result<Response> {
    caller.require_role(Role::Admin)?;
    let changes = MemberChanges { role, active };
    let mut tx = caller.begin(&app).await?;
    let member = identity::members::update_member(
        &mut tx,
        caller.company,
        user_id,
        caller.role,
        changes,
        version,
        caller.now,
    )
    .await?;
    let (subject, details) = (("user", user_id), json!({"role": role, "active": active}));
    caller
        .record_act(&mut tx, "identity.change_member", subject, details)
        .await?;
    tx.commit().await?;
    Ok(respond_versioned(member.version, &member))
}

/// Removes a member. Admins remove others; everybody may leave.
pub(super) async fn remove_member(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    Path(MemberPath { user_id }): Path<MemberPath>,
) -> Result<StatusCode> {
    let (company, by) = (caller.company, (caller.user, caller.role));
    let mut tx = caller.begin(&app).await?;
    identity::members::remove_member(&mut tx, company, user_id, by, caller.now).await?;
    let subject = ("user", user_id);
    caller
        .record_act(&mut tx, "identity.remove_member", subject, json!({}))
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Requires an admin whose role is not below `role`; 403.
pub(super) fn require_power_over(caller: &Caller, role: Role) -> Result<()> {
    caller.require_role(Role::Admin)?;
    if caller.role.may_change(role, role) {
        return Ok(());
    }
    Err(Error::forbidden(
        "a role above your own cannot be granted or changed",
    ))
}
