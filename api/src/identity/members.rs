//! The members of a company.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use domain::identity::members::{Member, MemberChanges};
use domain::identity::{self, Role};
use platform::ids::UserId;
use serde::Deserialize;
use serde_json::json;

use crate::App;
use crate::auth::{Caller, CompanyCaller};
use crate::error::{Error, Result};
use crate::extract::{IfMatch, Json as JsonBody, Path, respond_versioned};
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
    caller.confirm_standing(&mut tx).await?;
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
    caller.confirm_standing(&mut tx).await?;
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
