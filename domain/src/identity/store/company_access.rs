//! What companies, members and invitations share: the lock of a company, and the end of the ways
//! into it.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;

use crate::Result;

/// Locks the company's row, so that two owners cannot leave at once.
pub(super) async fn lock_company(conn: &mut PgConnection, company: CompanyId) -> Result<()> {
    sqlx::query_scalar!(
        "select 1 from companies where id = $1 for update",
        company.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(())
}

/// Ends the company's open invitations of an address.
pub(super) async fn expire_invitations(
    conn: &mut PgConnection,
    company: CompanyId,
    email: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update invitations set expires_at = $3
         where company_id = $1 and email = $2 and accepted_at is null and expires_at > $3",
        company.0,
        email,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Revokes the company's API keys that a person has created.
pub(super) async fn revoke_keys_of(
    conn: &mut PgConnection,
    company: CompanyId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update api_keys set revoked_at = $3
         where company_id = $1 and created_by = $2 and revoked_at is null",
        company.0,
        user.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends the company's open invitations that a person has sent.
pub(super) async fn expire_sent_invitations(
    conn: &mut PgConnection,
    company: CompanyId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update invitations set expires_at = $3
         where company_id = $1 and invited_by = $2 and accepted_at is null and expires_at > $3",
        company.0,
        user.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
