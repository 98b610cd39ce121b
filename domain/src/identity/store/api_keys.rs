//! API keys, by the digest of 256 random bits.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;

use crate::identity::{ApiKey, ApiKeyId, Role};
use crate::{Error, Result};

/// Writes a key of the transaction's company.
///
/// # Errors
/// The database's.
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

/// The keys before `before`, newest first, revoked ones included.
///
/// # Errors
/// The database's.
pub async fn list_api_keys(
    conn: &mut PgConnection,
    company: CompanyId,
    before: Option<ApiKeyId>,
    limit: i64,
) -> Result<Vec<ApiKey>> {
    let rows = sqlx::query_as!(
        ApiKey,
        r#"select id as "id: ApiKeyId", name, prefix, role as "role: Role", created_by as "created_by: UserId",
                  created_at, last_used_at, revoked_at
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

/// # Errors
/// `NotFound`.
pub async fn find_api_key(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ApiKeyId,
) -> Result<ApiKey> {
    sqlx::query_as!(
        ApiKey,
        r#"select id as "id: ApiKeyId", name, prefix, role as "role: Role", created_by as "created_by: UserId",
                  created_at, last_used_at, revoked_at
           from api_keys where company_id = $1 and id = $2"#,
        company.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("API key"))
}

/// Ends a key at once; ending it again changes nothing.
///
/// # Errors
/// `NotFound`.
pub async fn revoke_api_key(
    conn: &mut PgConnection,
    company: CompanyId,
    id: ApiKeyId,
    now: DateTime<Utc>,
) -> Result<()> {
    let done = sqlx::query!(
        "update api_keys set revoked_at = coalesce(revoked_at, $3) where company_id = $1 and id = $2",
        company.0,
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    if done.rows_affected() == 0 {
        Err(Error::NotFound("API key"))
    } else {
        Ok(())
    }
}
