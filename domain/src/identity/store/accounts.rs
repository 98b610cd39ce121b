//! Accounts and their passwords.

use chrono::{DateTime, Utc};
use platform::db::ConstraintExt as _;
use platform::ids::UserId;
use serde::Serialize;
use sqlx::PgConnection;

use super::version_mismatch;
use crate::identity::language::Language;
use crate::{Error, Result};

pub use crate::identity::account::{NewUser, Profile, ProfileChanges};

/// An account, without its password's hash, which only [`find_credentials`] returns.
#[derive(Debug, Clone, Serialize)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub full_name: String,
    pub phone: Option<String>,
    pub language: Language,
    pub version: i32,
    pub created_at: DateTime<Utc>,
}

/// What a sign-in is verified against. Without `Debug`, because it holds a secret.
#[derive(Clone)]
pub struct Credentials<Id> {
    pub id: Id,
    pub password_hash: String,
    pub active: bool,
}

/// Returns the credentials of an address, before anybody is signed in.
pub async fn find_credentials(
    conn: &mut PgConnection,
    email: &str,
) -> Result<Option<Credentials<UserId>>> {
    let row = sqlx::query_as!(
        Credentials,
        r#"select id as "id!: UserId", password_hash as "password_hash!", active as "active!"
           from login_lookup($1)"#,
        email,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Creates an account. The transaction's user must be the new one.
///
/// # Errors
/// `Conflict(email_taken)`.
pub async fn create_user(
    conn: &mut PgConnection,
    user: &NewUser,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into users (id, email, password_hash, full_name, phone, language,
                            created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7)",
        user.id.0,
        user.email,
        password_hash,
        user.full_name,
        user.phone,
        user.language as Language,
        now,
    )
    .execute(conn)
    .await
    .on_constraint("users_email_key", || {
        Error::conflict("email_taken", "an account with this e-mail address exists")
    })?;
    Ok(())
}

/// Returns an account that the transaction may read: its own user's, or a colleague's.
pub async fn require_user(conn: &mut PgConnection, id: UserId) -> Result<User> {
    sqlx::query_as!(
        User,
        r#"select id as "id: UserId", email, full_name, phone, language as "language: Language",
                  version, created_at
           from users where id = $1"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("user"))
}

/// Returns the hash of the transaction's own user, to verify before a change.
pub async fn find_own_password_hash(conn: &mut PgConnection) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!("select own_password_hash()")
        .fetch_one(conn)
        .await?)
}

/// Whether `hash` is still the password of the transaction's own user, until the end of the
/// transaction. Required between the verification of a password and its effect, because a reset may
/// have replaced the password meanwhile.
pub async fn lock_current_password(
    conn: &mut PgConnection,
    id: UserId,
    hash: &str,
) -> Result<bool> {
    sqlx::query!("select from users where id = $1 for no key update", id.0)
        .execute(&mut *conn)
        .await?;
    Ok(find_own_password_hash(conn).await?.as_deref() == Some(hash))
}

/// Replaces the password of the transaction's own user by one that the person has chosen.
pub async fn replace_password(
    conn: &mut PgConnection,
    id: UserId,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let updated = sqlx::query!(
        "update users set password_hash = $2, updated_at = $3, version = version + 1
         where id = $1",
        id.0,
        hash,
        now,
    )
    .execute(conn)
    .await?;
    if updated.rows_affected() == 0 {
        Err(Error::NotFound("user"))
    } else {
        Ok(())
    }
}

/// Changes the transaction's own user, where `version` is the current one.
///
/// # Errors
/// `Conflict(version_mismatch)`.
pub async fn update_profile(
    conn: &mut PgConnection,
    id: UserId,
    changes: &ProfileChanges,
    version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<User> {
    let updated = sqlx::query!(
        "update users set full_name = coalesce($2, full_name),
                          phone = case when $3 then $4 else phone end,
                          language = coalesce($5, language), version = version + 1, updated_at = $6
         where id = $1 and version = coalesce($7, version)",
        id.0,
        changes.full_name,
        changes.phone.is_some(),
        changes.phone.clone().flatten(),
        changes.language as Option<Language>,
        now,
        version,
    )
    .execute(&mut *conn)
    .await?;
    let user = require_user(conn, id).await?;
    if updated.rows_affected() == 0 {
        Err(version_mismatch())
    } else {
        Ok(user)
    }
}
