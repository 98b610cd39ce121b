//! Companies.

use chrono::{DateTime, Utc};
use platform::db::ConstraintExt as _;
use platform::ids::{CompanyId, UserId};
use serde::Serialize;
use sqlx::PgConnection;

use super::version_mismatch;
use crate::identity::language::Language;
use crate::identity::role::Role;
use crate::{Error, Result};

pub use crate::identity::company::{CompanyChanges, CompanyProfile, NewCompany};

#[derive(Debug, Clone, Serialize)]
pub struct Company {
    pub id: CompanyId,
    pub name: String,
    /// ISO 3166.
    pub country: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA name; the company's days begin and end by it.
    pub timezone: String,
    pub language: Language,
    pub version: i32,
    pub created_at: DateTime<Utc>,
}

/// A company and the person's role in it.
#[derive(Debug, Clone, Serialize)]
pub struct OwnCompany {
    pub id: CompanyId,
    pub name: String,
    pub role: Role,
}

/// Creates a company with its owner and the default alert rules. The transaction's company must be
/// the new one and its user the owner.
///
/// # Errors
/// `Conflict(idempotency_key_reused)` where the id exists: a key that has expired produced it.
pub async fn create_company(
    conn: &mut PgConnection,
    company: &NewCompany,
    owner: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    let profile = &company.profile;
    sqlx::query!(
        "insert into companies (id, name, country, currency, timezone, language, created_by,
                                created_at, updated_at)
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
        Error::conflict(
            "idempotency_key_reused",
            "this Idempotency-Key has created a company before",
        )
    })?;
    super::members::add_member(conn, company.id, owner, Role::Owner, now).await?;
    crate::alerts::create_default_rules(conn, company.id, owner, now).await
}

pub async fn require_company(conn: &mut PgConnection, id: CompanyId) -> Result<Company> {
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

/// Lists the companies with the transaction's user as an active member, oldest membership first.
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

/// Lists the countries of a person's companies, each once.
pub async fn list_own_countries(conn: &mut PgConnection, user: UserId) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "select distinct c.country from memberships m join companies c on c.id = m.company_id
         where m.user_id = $1 and m.active order by c.country",
        user.0,
    )
    .fetch_all(conn)
    .await?)
}

/// Changes the transaction's company, where `version` is the current one.
///
/// # Errors
/// `Conflict(version_mismatch)`.
pub async fn update_company(
    conn: &mut PgConnection,
    id: CompanyId,
    changes: &CompanyChanges,
    version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<Company> {
    let updated = sqlx::query!(
        "update companies set name = coalesce($2, name), country = coalesce($3, country),
                              currency = coalesce($4, currency), timezone = coalesce($5, timezone),
                              language = coalesce($6, language), version = version + 1,
                              updated_at = $7
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
    let company = require_company(conn, id).await?;
    if updated.rows_affected() == 0 {
        Err(version_mismatch())
    } else {
        Ok(company)
    }
}
