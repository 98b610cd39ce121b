//! Companies.

use chrono::{DateTime, Utc};
use platform::db::ConstraintExt as _;
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;

use super::version_missed;
use crate::identity::{Company, CompanyChanges, Language, NewCompany, OwnCompany, Role};
use crate::{Error, Result};

/// Writes a company with its owner and the rules every company starts with. The transaction's
/// company must be the new one and its user the owner.
///
/// # Errors
/// `Conflict(idempotency_key_reused)` where the id is taken: it came of a key that was used long ago.
pub async fn create_company(
    conn: &mut PgConnection,
    company: &NewCompany,
    owner: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    let profile = &company.profile;
    sqlx::query!(
        "insert into companies (id, name, country, currency, timezone, language, created_by, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        company.id.0,
        company.name,
        profile.country,
        profile.currency,
        profile.timezone,
        profile.language as Language,
        owner.0,
        now,
    )
    .execute(&mut *conn)
    .await
    .on_constraint("companies_pkey", || {
        Error::conflict("idempotency_key_reused", "this Idempotency-Key has made a company before")
    })?;
    super::members::add_member(conn, company.id, owner, Role::Owner, now).await?;
    crate::alerts::create_default_rules(conn, company.id, owner, now).await
}

/// # Errors
/// `NotFound`.
pub async fn find_company(conn: &mut PgConnection, id: CompanyId) -> Result<Company> {
    sqlx::query_as!(
        Company,
        r#"select id as "id: CompanyId", name, country, currency, timezone,
                  language as "language: Language", version, created_at
           from companies where id = $1"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("company"))
}

/// The companies that the transaction's user is an active member of, oldest first.
///
/// # Errors
/// The database's.
pub async fn list_own_companies(conn: &mut PgConnection, user: UserId) -> Result<Vec<OwnCompany>> {
    let rows = sqlx::query_as!(
        OwnCompany,
        r#"select c.id as "id: CompanyId", c.name, m.role as "role: Role"
           from memberships m join companies c on c.id = m.company_id
           where m.user_id = $1 and m.active
           order by m.created_at, c.id"#,
        user.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Changes the transaction's company, where `version` is still the current one.
///
/// # Errors
/// `NotFound`, `Conflict(version_mismatch)`.
pub async fn update_company(
    conn: &mut PgConnection,
    id: CompanyId,
    changes: &CompanyChanges,
    version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<Company> {
    let done = sqlx::query!(
        "update companies set name = coalesce($2, name), country = coalesce($3, country),
                              currency = coalesce($4, currency), timezone = coalesce($5, timezone),
                              language = coalesce($6, language), version = version + 1, updated_at = $7
         where id = $1 and version = coalesce($8, version)",
        id.0,
        changes.name,
        changes.country,
        changes.currency,
        changes.timezone,
        changes.language as Option<Language>,
        now,
        version,
    )
    .execute(&mut *conn)
    .await?;
    let company = find_company(conn, id).await?;
    if done.rows_affected() == 0 {
        Err(version_missed())
    } else {
        Ok(company)
    }
}
