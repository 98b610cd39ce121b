//! API keys, stored as the digest of 256 random bits.

use chrono::{DateTime, TimeDelta, Utc};
use platform::id_type;
use platform::ids::{CompanyId, UserId};
use serde::Serialize;
use sqlx::PgConnection;

use crate::identity::name::parse_name;
use crate::identity::role::Role;
use crate::identity::scope::KeyScope;
use crate::{Error, Result};

id_type!(ApiKeyId, "An API key of a company.");

/// The longest lifetime of a key, and the default.
const MAX_KEY_LIFETIME: TimeDelta = TimeDelta::days(366);

/// A key to create. Without scopes, its role alone limits it; without an expiry, it is valid for
/// 366 days.
#[derive(Debug, Clone)]
pub struct NewApiKey<'a> {
    pub name: &'a str,
    pub role: Role,
    pub scopes: Option<&'a [KeyScope]>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// An API key as lists show it; the key itself is shown once, when it is created.
#[derive(Debug, Clone, Serialize)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub prefix: String,
    pub role: Role,
    /// As stored: a key of a newer release may hold scopes that are unknown here.
    pub scopes: Vec<String>,
    pub created_by: UserId,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// # Errors
    /// `Invalid` with `name`, `scopes`, `expires_at`, or with `role`: no key owns a company.
    pub fn validate(
        new: &NewApiKey<'_>,
        prefix: String,
        by: UserId,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        if new.role == Role::Owner {
            return Err(Error::invalid("role", "unsupported", "at most admin"));
        }
        Ok(Self {
            id: ApiKeyId::new(),
            name: parse_name("name", new.name)?,
            prefix,
            role: new.role,
            scopes: validate_scopes(new.scopes)?,
            created_by: by,
            created_at: now,
            expires_at: validate_expiry(new.expires_at, now)?,
            last_used_at: None,
            revoked_at: None,
        })
    }
}

fn validate_scopes(scopes: Option<&[KeyScope]>) -> Result<Vec<String>> {
    let mut scopes = scopes.map_or_else(KeyScope::list_widest, <[KeyScope]>::to_vec);
    if scopes.is_empty() {
        let message = "name at least one, or leave the field out for all";
        return Err(Error::invalid("scopes", "required", message));
    }
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes.iter().map(KeyScope::to_string).collect())
}

fn validate_expiry(expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let latest = now + MAX_KEY_LIFETIME;
    let expires_at = expires_at.unwrap_or(latest);
    if expires_at <= now || expires_at > latest {
        let message = "must lie in the future, at most 366 days from now";
        return Err(Error::invalid("expires_at", "out_of_range", message));
    }
    Ok(expires_at)
}

/// Creates a key of the transaction's company.
pub async fn create_api_key(
    conn: &mut PgConnection,
    company: CompanyId,
    key: &ApiKey,
    hash: &[u8; 32],
) -> Result<()> {
    sqlx::query!(
        "insert into api_keys (company_id, id, name, hash, prefix, role, scopes, created_by,
                               created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        company.0,
        key.id.0,
        key.name,
        hash.as_slice(),
        key.prefix,
        key.role as Role,
        &key.scopes,
        key.created_by.0,
        key.created_at,
        key.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lists the keys before `before`, newest first, revoked ones included.
pub async fn list_api_keys(
    conn: &mut PgConnection,
    company: CompanyId,
    before: Option<ApiKeyId>,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let rows = sqlx::query_as!(
        ApiKey,
        r#"select id as "id: ApiKeyId", name, prefix, role as "role: Role", scopes,
                  created_by as "created_by: UserId", created_at, expires_at, last_used_at,
                  revoked_at
           from api_keys
           where company_id = $1 and ($2::uuid is null or id < $2)
           order by id desc limit $3"#,
        company.0,
        before.map(|id| id.0),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

pub async fn require_api_key(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ApiKeyId,
) -> Result<ApiKey> {
    sqlx::query_as!(
        ApiKey,
        r#"select id as "id: ApiKeyId", name, prefix, role as "role: Role", scopes,
                  created_by as "created_by: UserId", created_at, expires_at, last_used_at,
                  revoked_at
           from api_keys where company_id = $1 and id = $2"#,
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("API key"))
}

/// Revokes a key at once; revoking it again changes nothing.
pub async fn revoke_api_key(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ApiKeyId,
    now: DateTime<Utc>,
) -> Result<()> {
    let updated = sqlx::query!(
        "update api_keys set revoked_at = coalesce(revoked_at, $3)
         where company_id = $1 and id = $2",
        company.0,
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    if updated.rows_affected() == 0 {
        Err(Error::NotFound("API key"))
    } else {
        Ok(())
    }
}
