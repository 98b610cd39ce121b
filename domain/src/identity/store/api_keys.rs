//! API keys, stored as the digest of 256 random bits.

use chrono::{DateTime, Utc};
use platform::id_type;
use platform::ids::{CompanyId, UserId};
use serde::Serialize;
use sqlx::PgConnection;

use crate::identity::name::parse_name;
use crate::identity::role::Role;
use crate::{Error, Result};

id_type!(ApiKeyId, "An API key of a company.");

/// An API key as lists show it; the key itself is shown once, when it is created.
#[derive(Debug, Clone, Serialize)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub prefix: String,
    pub role: Role,
    pub created_by: UserId,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// # Errors
    /// `Invalid` with `name`, or with `role`, because no key owns a company.
    pub fn new(
        name: &str,
        prefix: String,
        role: Role,
        by: UserId,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        if role == Role::Owner {
            return Err(Error::invalid("role", "unsupported", "at most admin"));
        }
        Ok(Self {
            id: ApiKeyId::new(),
            name: parse_name("name", name)?,
            prefix,
            role,
            created_by: by,
            created_at: now,
            last_used_at: None,
            revoked_at: None,
        })
    }
}

/// Creates a key of the transaction's company.
pub async fn create_api_key(
    conn: &mut PgConnection,
    company: CompanyId,
    key: &ApiKey,
    hash: &[u8; 32],
) -> Result<()> {
    sqlx::query!(
        "insert into api_keys (company_id, id, name, hash, prefix, role, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        company.0,
        key.id.0,
        key.name,
        hash.as_slice(),
        key.prefix,
        key.role as Role,
        key.created_by.0,
        key.created_at,
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
        r#"select id as "id: ApiKeyId", name, prefix, role as "role: Role",
                  created_by as "created_by: UserId", created_at, last_used_at, revoked_at
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
        r#"select id as "id: ApiKeyId", name, prefix, role as "role: Role",
                  created_by as "created_by: UserId", created_at, last_used_at, revoked_at
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
