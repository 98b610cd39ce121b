//! The people of a company.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use domain::identity::accounts::{NewUser, Profile};
use domain::identity::audit::Actor;
use domain::identity::members::{Member, MemberChanges};
use domain::identity::{self, Language, Role};
use platform::crypto::random_token;
use platform::db::Scope;
use platform::ids::UserId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account::etag;
use crate::App;
use crate::auth::{Caller, CompanyCaller};
use crate::error::{Error, Result};
use crate::extract::{IfMatch, Json, Path};
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

pub(crate) async fn list(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    page: Page,
) -> Result<axum::Json<List<Member>>> {
    let mut tx = caller.begin(&app).await?;
    let rows = identity::members::list_members(&mut tx, caller.company, page.after()?, page.rows())
        .await?;
    Ok(axum::Json(List::cut(rows, &page, |member| member.user_id)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMember {
    email: String,
    full_name: String,
    role: Role,
    phone: Option<String>,
    language: Option<Language>,
}

#[derive(Debug, Serialize)]
struct CreatedMember {
    #[serde(flatten)]
    member: Member,
    /// Shown once, and never on a repetition; the person must change it before anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    temporary_password: Option<String>,
}

/// Makes an account for somebody, with a password to hand over. Whoever has an account is invited
/// instead.
pub(crate) async fn create(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    Keyed { value: body, key }: Keyed<NewMember>,
) -> Result<Response> {
    require_power_over(&caller, body.role)?;
    let (temporary_password, _) = random_token();
    let country = {
        let mut tx = caller.begin(&app).await?;
        identity::companies::require_company(&mut tx, caller.company)
            .await?
            .country
    };
    let profile = Profile {
        email: &body.email,
        full_name: &body.full_name,
        phone: body.phone.as_deref(),
        language: body.language,
        country: &country,
    };
    let user = NewUser {
        must_change_password: true,
        ..NewUser::validate(profile, &temporary_password)?
    };
    let hash = app.passwords().hash(temporary_password.clone()).await?;

    let mut tx = app
        .db()
        .begin(Scope::member(caller.company, user.id))
        .await?;
    let mut temporary_password = Some(temporary_password);
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => {
            temporary_password = None;
            replay
        }
        None => {
            identity::accounts::create_user(&mut tx, &user, &hash, caller.now).await?;
            identity::members::add_member(&mut tx, caller.company, user.id, body.role, caller.now)
                .await?;
            let details = json!({"role": body.role});
            caller
                .audit(
                    &mut tx,
                    "identity.create_member",
                    ("user", Some(user.id.0)),
                    details,
                )
                .await?;
            let outcome = Outcome::of(StatusCode::CREATED, None, json!({"id": user.id}));
            key.settle(&mut tx, &caller, outcome).await?
        }
    };
    let member = identity::members::require_member(&mut tx, caller.company, outcome.id()?).await?;
    tx.commit().await?;
    Ok(outcome.respond(&CreatedMember {
        member,
        temporary_password,
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberPatch {
    role: Option<Role>,
    active: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MemberPath {
    user_id: UserId,
}

pub(crate) async fn change(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    Path(path): Path<MemberPath>,
    IfMatch(version): IfMatch,
    Json(body): Json<MemberPatch>,
) -> Result<Response> {
    caller.require(Role::Admin)?;
    let mut tx = caller.begin(&app).await?;
    let changes = MemberChanges {
        role: body.role,
        active: body.active,
    };
    let company = caller.company;
    let member = identity::members::update_member(
        &mut tx,
        company,
        path.user_id,
        caller.role,
        changes,
        version,
        caller.now,
    )
    .await?;
    let details = json!({"role": body.role, "active": body.active});
    caller
        .audit(
            &mut tx,
            "identity.change_member",
            ("user", Some(path.user_id.0)),
            details,
        )
        .await?;
    tx.commit().await?;
    Ok(([(ETAG, etag(member.version))], axum::Json(member)).into_response())
}

/// Admins take others out; everybody may leave, by a session of their own: a key isn't its maker.
pub(crate) async fn remove(
    State(app): State<App>,
    CompanyCaller(caller): CompanyCaller,
    Path(path): Path<MemberPath>,
) -> Result<StatusCode> {
    if path.user_id == caller.user && !matches!(caller.actor, Actor::User(_)) {
        return Err(Error::forbidden("an API key can't take its maker out"));
    }
    let mut tx = caller.begin(&app).await?;
    identity::members::remove_member(
        &mut tx,
        caller.company,
        path.user_id,
        (caller.user, caller.role),
        caller.now,
    )
    .await?;
    caller
        .audit(
            &mut tx,
            "identity.remove_member",
            ("user", Some(path.user_id.0)),
            json!({}),
        )
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// # Errors
/// 403 below admin, or for a role above the caller's own.
pub(crate) fn require_power_over(caller: &Caller, role: Role) -> Result<()> {
    caller.require(Role::Admin)?;
    if caller.role.may_change(role, role) {
        return Ok(());
    }
    Err(Error::forbidden(
        "a role above your own can't be given or taken",
    ))
}
