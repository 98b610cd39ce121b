//! Who belongs to a company. Writers lock the company's row, so that two owners can't leave at once.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;

use super::invitations::void_invitations;
use super::version_missed;
use crate::identity::{Language, Member, Role};
use crate::{Error, Result};

/// Makes somebody a member; a former member is one again, with the new role.
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
    let done = sqlx::query!(
        "insert into memberships as m (company_id, user_id, role, created_at, updated_at)
         values ($1, $2, $3, $4, $4)
         on conflict (company_id, user_id) do update set
           role = excluded.role, active = true, updated_at = excluded.updated_at, version = m.version + 1
         where not m.active",
        company.0,
        user.0,
        role as Role,
        now,
    )
    .execute(conn)
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::conflict(
            "already_member",
            "already a member of this company",
        ));
    }
    Ok(())
}

/// The members after `after` by their id, at most `limit`.
///
/// # Errors
/// The database's.
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

/// # Errors
/// `NotFound`.
pub async fn find_member(
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

/// Gives a member another role, or closes the company to the member, where `version` is still the
/// current one.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Conflict(version_mismatch | last_owner)`.
pub async fn update_member(
    conn: &mut PgConnection,
    company: CompanyId,
    user: UserId,
    by: Role,
    (role, active): (Option<Role>, Option<bool>),
    version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<Member> {
    lock_company(conn, company).await?;
    let member = find_member(conn, company, user).await?;
    if !by.may_change(member.role, role.unwrap_or(member.role)) {
        return Err(Error::Forbidden(
            "a role above your own can't be given or taken",
        ));
    }
    let done = sqlx::query!(
        "update memberships set role = coalesce($3, role), active = coalesce($4, active),
                                version = version + 1, updated_at = $5
         where company_id = $1 and user_id = $2 and version = coalesce($6, version)",
        company.0,
        user.0,
        role as Option<Role>,
        active,
        now,
        version,
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        return Err(version_missed());
    }
    keep_an_owner(conn, company).await?;
    if active == Some(false) {
        close_other_doors(conn, company, &member, now).await?;
    }
    find_member(conn, company, user).await
}

/// Takes somebody out of a company; anybody may leave. What the person did stays.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Conflict(last_owner)`.
pub async fn remove_member(
    conn: &mut PgConnection,
    company: CompanyId,
    user: UserId,
    by: (UserId, Role),
    now: DateTime<Utc>,
) -> Result<()> {
    lock_company(conn, company).await?;
    let member = find_member(conn, company, user).await?;
    if user != by.0 && !by.1.may_change(member.role, member.role) {
        return Err(Error::Forbidden(
            "a role above your own can't be given or taken",
        ));
    }
    sqlx::query!(
        "delete from memberships where company_id = $1 and user_id = $2",
        company.0,
        user.0
    )
    .execute(&mut *conn)
    .await?;
    close_other_doors(&mut *conn, company, &member, now).await?;
    keep_an_owner(conn, company).await
}

/// Whoever is out stays out: no open invitation lets the person in again, and no key comes alive with a later
/// membership.
async fn close_other_doors(
    conn: &mut PgConnection,
    company: CompanyId,
    member: &Member,
    now: DateTime<Utc>,
) -> Result<()> {
    void_invitations(&mut *conn, company, &member.email, now).await?;
    sqlx::query!(
        "update api_keys set revoked_at = $3 where company_id = $1 and created_by = $2 and revoked_at is null",
        company.0,
        member.user_id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn lock_company(conn: &mut PgConnection, company: CompanyId) -> Result<()> {
    sqlx::query_scalar!(
        "select 1 from companies where id = $1 for update",
        company.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(())
}

async fn keep_an_owner(conn: &mut PgConnection, company: CompanyId) -> Result<()> {
    let owned = sqlx::query_scalar!(
        r#"select exists (select from memberships where company_id = $1 and role = 'owner' and active) as "owned!""#,
        company.0,
    )
    .fetch_one(conn)
    .await?;
    if owned {
        Ok(())
    } else {
        Err(Error::conflict(
            "last_owner",
            "a company keeps at least one owner",
        ))
    }
}
