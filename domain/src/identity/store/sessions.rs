//! Sessions and the rotation of their refresh tokens.

use chrono::{DateTime, TimeDelta, Utc};
use platform::id_type;
use platform::ids::UserId;
use sqlx::PgConnection;

use super::accounts::lock_current_password;
use super::attempts::{account_key, record_login_success};
use crate::Result;

id_type!(
    SessionId,
    "One signed-in device: a family of refresh tokens."
);

/// How long an unused refresh token is valid. A session ends 90 days after it began, however often
/// it is refreshed.
const REFRESH_TOKEN_LIFETIME: TimeDelta = TimeDelta::days(30);

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationReason {
    Logout,
    TokenReused,
}

impl RevocationReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::TokenReused => "token_reused",
        }
    }
}

/// A refresh token that was issued, used or not.
#[derive(Debug, Clone, Copy)]
pub struct RefreshToken {
    pub user: UserId,
    pub session: SessionId,
    /// The session is neither revoked nor expired, and its user is active.
    pub session_open: bool,
}

/// The outcome of presenting a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    Rotated,
    /// The token was used before. Somebody holds a stolen copy, so the session is revoked.
    Reused,
}

/// A password that was verified, and the refresh token of the session to open. Without `Debug`,
/// because it holds a secret.
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    pub user: UserId,
    pub email: &'a str,
    /// The network that attempts are counted by: see `attempts`.
    pub network: &'a str,
    pub password_hash: &'a str,
    pub token_hash: &'a [u8; 32],
}

/// Opens a session, and records the success. Returns `None` where the verified password is no
/// longer the current one: a reset during the verification has ended all sessions, so that no
/// session may start from the old password. The transaction's user must be the one who signs in.
pub async fn sign_in(
    conn: &mut PgConnection,
    sign_in: SignIn<'_>,
    now: DateTime<Utc>,
) -> Result<Option<SessionId>> {
    if !lock_current_password(conn, sign_in.user, sign_in.password_hash).await? {
        return Ok(None);
    }
    record_login_success(conn, sign_in.email, sign_in.network).await?;
    let session = open_session(conn, sign_in.user, sign_in.token_hash, now).await?;
    Ok(Some(session))
}

/// Opens a session with its first refresh token.
async fn open_session(
    conn: &mut PgConnection,
    user: UserId,
    token_hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<SessionId> {
    let session = SessionId::new();
    sqlx::query!(
        "insert into sessions (id, user_id, created_at, expires_at) values ($1, $2, $3, $4)",
        session.0,
        user.0,
        now,
        now + REFRESH_TOKEN_LIFETIME,
    )
    .execute(&mut *conn)
    .await?;
    insert_token(conn, user, session, token_hash, now).await?;
    Ok(session)
}

/// Returns the user and session of a token, before anybody is signed in.
pub async fn find_refresh_token(
    conn: &mut PgConnection,
    hash: &[u8; 32],
) -> Result<Option<RefreshToken>> {
    let row = sqlx::query_as!(
        RefreshToken,
        r#"select user_id as "user!: UserId", session_id as "session!: SessionId",
                  session_open as "session_open!"
           from refresh_lookup($1)"#,
        hash.as_slice(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Replaces a token by `next`, or revokes the session where the token was used before. Of two
/// concurrent requests with one token, one wins. The transaction's user must be the token's, and
/// the caller commits in both cases.
pub async fn rotate_refresh_token(
    conn: &mut PgConnection,
    token: RefreshToken,
    (presented, next): (&[u8; 32], &[u8; 32]),
    now: DateTime<Utc>,
) -> Result<Rotation> {
    let used = sqlx::query!(
        "update refresh_tokens set used_at = $2 where hash = $1 and used_at is null",
        presented.as_slice(),
        now,
    )
    .execute(&mut *conn)
    .await?;
    if used.rows_affected() == 0 {
        revoke_session(conn, token.session, RevocationReason::TokenReused, now).await?;
        return Ok(Rotation::Reused);
    }
    insert_token(conn, token.user, token.session, next, now).await?;
    sqlx::query!(
        "update sessions set expires_at = least($2, created_at + interval '90 days')
         where id = $1",
        token.session.0,
        now + REFRESH_TOKEN_LIFETIME,
    )
    .execute(conn)
    .await?;
    Ok(Rotation::Rotated)
}

/// Revokes a session of the transaction's user; its access tokens end at once.
pub async fn revoke_session(
    conn: &mut PgConnection,
    session: SessionId,
    reason: RevocationReason,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update sessions set revoked_at = $2, revoked_because = $3
         where id = $1 and revoked_at is null",
        session.0,
        now,
        reason.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends every way in from before a new password of the transaction's user, except the session
/// `kept`, and forgives the failed sign-ins of the account.
pub async fn end_former_access(
    conn: &mut PgConnection,
    email: &str,
    kept: Option<SessionId>,
) -> Result<()> {
    let account = account_key(email);
    sqlx::query!(
        "select end_former_access($1, $2)",
        kept.map(|id| id.0),
        account.as_slice(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_token(
    conn: &mut PgConnection,
    user: UserId,
    session: SessionId,
    hash: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into refresh_tokens (hash, session_id, user_id, issued_at) values ($1, $2, $3, $4)",
        hash.as_slice(),
        session.0,
        user.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
