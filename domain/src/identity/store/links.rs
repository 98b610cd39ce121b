//! Links that are mailed to a person: to reset the password, and to verify the address. Single use.

use chrono::{DateTime, TimeDelta, Utc};
use platform::id_type;
use platform::ids::UserId;
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use crate::identity::language::Language;
use crate::{Error, Result};

id_type!(AccountLinkId, "A link that was mailed to a person.");

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum LinkPurpose {
    ResetPassword,
    VerifyAddress,
    /// Somebody registered an address that has an account: the mail has no link.
    Notice,
}

impl LinkPurpose {
    fn lifetime(self) -> TimeDelta {
        match self {
            Self::ResetPassword | Self::Notice => TimeDelta::hours(1),
            Self::VerifyAddress => TimeDelta::days(7),
        }
    }
}

/// A link that is neither used nor expired.
#[derive(Debug, Clone, Copy)]
pub struct AccountLink {
    pub id: AccountLinkId,
    pub user: UserId,
}

/// What the job that mails a link needs.
#[derive(Debug, Clone)]
pub struct LinkMail {
    pub purpose: LinkPurpose,
    pub email: String,
    pub full_name: String,
    pub language: Language,
    /// Sealed with the context `account_links:<id>`.
    pub sealed_token: Vec<u8>,
}

/// Creates a link for the account of an address, in the transaction of the platform job that mails
/// it. Without an account, creates nothing and takes the same time. Needs the engine's role.
pub async fn create_account_link(
    conn: &mut PgConnection,
    id: AccountLinkId,
    (email, purpose): (&str, LinkPurpose),
    token_hash: &[u8; 32],
    sealed_token: &[u8],
) -> Result<()> {
    let lifetime = PgInterval {
        months: 0,
        days: 0,
        microseconds: purpose.lifetime().num_microseconds().unwrap_or_default(),
    };
    sqlx::query!(
        "select create_account_link($1, $2, $3, $4, $5, $6)",
        id.0,
        email,
        purpose as LinkPurpose,
        token_hash.as_slice(),
        sealed_token,
        lifetime,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the open link of a token.
pub async fn find_account_link(
    conn: &mut PgConnection,
    token_hash: &[u8; 32],
    purpose: LinkPurpose,
) -> Result<Option<AccountLink>> {
    let row = sqlx::query_as!(
        AccountLink,
        r#"select id as "id!: AccountLinkId", user_id as "user!: UserId"
           from account_link_lookup($1, $2)"#,
        token_hash.as_slice(),
        purpose as LinkPurpose,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Returns the content of the mail, while the link is open. Needs the engine's role.
pub async fn find_link_mail(
    conn: &mut PgConnection,
    id: AccountLinkId,
) -> Result<Option<LinkMail>> {
    let row = sqlx::query_as!(
        LinkMail,
        r#"select purpose as "purpose!: LinkPurpose", email as "email!",
                  full_name as "full_name!", language as "language!: Language",
                  sealed_token as "sealed_token!"
           from account_link_mail($1)"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Marks a link as used. The transaction's user must be the link's.
///
/// # Errors
/// `Conflict(token_used)` where another request has used it.
pub async fn use_account_link(
    conn: &mut PgConnection,
    link: AccountLink,
    now: DateTime<Utc>,
) -> Result<()> {
    let used = sqlx::query!(
        "update account_links set used_at = $2 where id = $1 and used_at is null",
        link.id.0,
        now,
    )
    .execute(conn)
    .await?;
    if used.rows_affected() == 0 {
        return Err(Error::conflict("token_used", "this link has been used"));
    }
    Ok(())
}
