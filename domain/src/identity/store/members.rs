//! The members of a company. Writers lock the company's row, so that two owners cannot leave at
//! once.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use serde::Serialize;
use sqlx::PgConnection;

use super::company_access::{
    expire_invitations, expire_sent_invitations, lock_company, revoke_keys_of,
};
use super::version_mismatch;
use crate::identity::language::Language;
use crate::identity::role::Role;
use crate::{Error, Result};

/// A person in a company.
#[derive(Debug, Clone, Serialize)]
pub struct Member {
    pub user_id: UserId,
    pub email: String,
    pub full_name: String,
    pub phone: Option<String>,
    pub language: Language,
    pub role: Role,
    pub active: bool,
    pub version: i32,
    pub created_at: DateTime<Utc>,
}

/// An admin's changes of a membership: `None` keeps.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemberChanges {
    pub role: Option<Role>,
    pub active: Option<bool>,
}

/// Adds a member; a former member returns with the new role.
///
/// # Errors
/// `Conflict(already_member)`.
pub async fn add_member(
    conn: &mut PgConnection,
    company: CompanyId,
    user: UserId,
    role: Role,
    now: DateTime<Utc>,
) -> Result<()> {
    let written = sqlx::query!(
        "insert into memberships as m (company_id, user_id, role, created_at, updated_at)
         values ($1, $2, $3, $4, $4)
         on conflict (company_id, user_id) do update set
           role = excluded.role, active = true, updated_at = excluded.updated_at,
           version = m.version + 1
         where not m.active",
        company.0,
        user.0,
        role as Role,
        now,
    )
    .execute(conn)
    .await?;
    if written.rows_affected() == 0 {
        return Err(Error::conflict(
            "already_member",
            "already a member of this company",
        ));
    }
    Ok(())
}

/// Lists at most `limit` members with ids after `after`, by id.
pub async fn list_members(
    conn: &mut PgConnection,
    company: CompanyId,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<Member>> {
    let rows = sqlx::query_as!(
        Member,
        r#"select u.id as "user_id: UserId", u.email, u.full_name, u.phone,
                  u.language as "language: Language", m.role as "role: Role", m.active, m.version,
                  m.created_at
           from memberships m join users u on u.id = m.user_id
           where m.company_id = $1 and ($2::uuid is null or m.user_id > $2)
           order by m.user_id limit $3"#,
        company.0,
        after.map(|id| id.0),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

pub async fn require_member(
    conn: &mut PgConnection,
    company: CompanyId,
    user: UserId,
) -> Result<Member> {
    sqlx::query_as!(
        Member,
        r#"select u.id as "user_id: UserId", u.email, u.full_name, u.phone,
                  u.language as "language: Language", m.role as "role: Role", m.active, m.version,
                  m.created_at
           from memberships m join users u on u.id = m.user_id
           where m.company_id = $1 and m.user_id = $2"#,
        company.0,
        user.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("member"))
}

/// Changes a member's role, or suspends the member, where `version` is the current one.
///
/// # Errors
/// `Forbidden`, `Conflict(version_mismatch | last_owner)`.
pub async fn update_member(
    conn: &mut PgConnection,
    company: CompanyId,
    user: UserId,
    by: Role,
    changes: MemberChanges,
    version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<Member> {
    lock_company(conn, company).await?;
    let member = require_member(conn, company, user).await?;
    require_power(by, member.role, changes.role.unwrap_or(member.role))?;
    let written = sqlx::query!(
        "update memberships set role = coalesce($3, role), active = coalesce($4, active),
                                version = version + 1, updated_at = $5
         where company_id = $1 and user_id = $2 and version = coalesce($6, version)",
        company.0,
        user.0,
        changes.role as Option<Role>,
        changes.active,
        now,
        version,
    )
    .execute(&mut *conn)
    .await?;
    if written.rows_affected() == 0 {
        return Err(version_mismatch());
    }
    require_owner_left(conn, company).await?;
    if changes.active == Some(false) {
        revoke_access(conn, company, &member, now).await?;
    }
    require_member(conn, company, user).await
}

/// Removes a member; every member may leave. What the person has done stays.
///
/// # Errors
/// `Forbidden`, `Conflict(last_owner)`.
pub async fn remove_member(
    conn: &mut PgConnection,
    company: CompanyId,
    user: UserId,
    by: (UserId, Role),
    now: DateTime<Utc>,
) -> Result<()> {
    lock_company(conn, company).await?;
    let member = require_member(conn, company, user).await?;
    if user != by.0 {
        require_power(by.1, member.role, member.role)?;
    }
    sqlx::query!(
        "delete from memberships where company_id = $1 and user_id = $2",
        company.0,
        user.0
    )
    .execute(&mut *conn)
    .await?;
    revoke_access(&mut *conn, company, &member, now).await?;
    require_owner_left(conn, company).await
}

fn require_power(by: Role, from: Role, to: Role) -> Result<()> {
    if by.may_change(from, to) {
        Ok(())
    } else {
        Err(Error::Forbidden(
            "a role above your own can't be granted or revoked",
        ))
    }
}

/// Closes the member's other ways in: open invitations of the member's address, those that the
/// member has sent, and API keys that a later membership would revive.
async fn revoke_access(
    conn: &mut PgConnection,
    company: CompanyId,
    member: &Member,
    now: DateTime<Utc>,
) -> Result<()> {
    expire_invitations(&mut *conn, company, &member.email, now).await?;
    expire_sent_invitations(&mut *conn, company, member.user_id, now).await?;
    revoke_keys_of(conn, company, member.user_id, now).await
}

async fn require_owner_left(conn: &mut PgConnection, company: CompanyId) -> Result<()> {
    let has_owner = sqlx::query_scalar!(
        r#"select exists (select from memberships
                          where company_id = $1 and role = 'owner' and active) as "has_owner!""#,
        company.0,
    )
    .fetch_one(conn)
    .await?;
    if has_owner {
        Ok(())
    } else {
        Err(Error::conflict(
            "last_owner",
            "a company has at least one owner",
        ))
    }
}
