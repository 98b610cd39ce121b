//! Requests to reset a password by e-mail: single use, one hour.

use chrono::{DateTime, Utc};
use platform::id_type;
use platform::ids::UserId;
use sqlx::PgConnection;

use crate::identity::language::Language;
use crate::{Error, Result};

id_type!(PasswordResetId, "A request to reset a password.");

/// A reset that is neither used nor expired.
#[derive(Debug, Clone, Copy)]
pub struct PasswordReset {
    pub id: PasswordResetId,
    pub user: UserId,
}

/// What the job that mails a reset needs.
#[derive(Debug, Clone)]
pub struct ResetMail {
    pub email: String,
    pub full_name: String,
    pub language: Language,
    /// Sealed with the context `password_resets:<id>`.
    pub sealed_token: Vec<u8>,
}

/// Creates a reset for the account of an address, in the transaction of the platform job that mails
/// it. Creates none where the address has no account. Needs the engine's role.
pub async fn create_password_reset(
    conn: &mut PgConnection,
    id: PasswordResetId,
    email: &str,
    token_hash: &[u8; 32],
    sealed_token: &[u8],
) -> Result<()> {
    sqlx::query!(
        "select create_password_reset($1, $2, $3, $4, interval '1 hour')",
        id.0,
        email,
        token_hash.as_slice(),
        sealed_token,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the open reset of a token.
pub async fn find_password_reset(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
) -> Result<Option<PasswordReset>> {
    let row = sqlx::query_as!(
        PasswordReset,
        r#"select id as "id!: PasswordResetId", user_id as "user!: UserId"
           from password_reset_lookup($1)"#,
        token_hash.as_slice(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Returns the content of the mail, while the reset is open. Needs the engine's role.
pub async fn find_reset_mail(
    conn: &mut PgConnection,
    id: PasswordResetId,
) -> Result<Option<ResetMail>> {
    let row = sqlx::query_as!(
        ResetMail,
        r#"select email as "email!", full_name as "full_name!", language as "language!: Language",
                  sealed_token as "sealed_token!"
           from password_reset_mail($1)"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Marks a reset as used. The transaction's user must be the reset's.
///
/// # Errors
/// `Conflict(token_used)` where another request has used it.
pub async fn use_password_reset(
    conn: &mut PgConnection,
    reset: PasswordReset,
    now: DateTime<Utc>,
) -> Result<()> {
    let used = sqlx::query!(
        "update password_resets set used_at = $2 where id = $1 and used_at is null",
        reset.id.0,
        now,
    )
    .execute(conn)
    .await?;
    if used.rows_affected() == 0 {
        return Err(Error::conflict("token_used", "this link has been used"));
    }
    Ok(())
}
