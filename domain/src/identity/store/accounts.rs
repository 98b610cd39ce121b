//! Accounts and their passwords.

use chrono::{DateTime, Utc};
use platform::db::ConstraintExt as _;
use platform::ids::UserId;
use sqlx::PgConnection;

use super::version_missed;
use crate::identity::{Language, NewUser, ProfileChanges, User};
use crate::{Error, Result};

/// What signing in compares with.
#[derive(Debug, Clone)]
pub struct Credentials<Id> {
    pub id: Id,
    pub password_hash: String,
    pub active: bool,
}

/// The credentials behind an address, whoever asks.
///
/// # Errors
/// The database's.
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

/// Writes an account. The transaction's user must be the new one.
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
        "insert into users (id, email, password_hash, full_name, phone, language, must_change_password,
                            created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        user.id.0,
        user.email,
        password_hash,
        user.full_name,
        user.phone,
        user.language as Language,
        user.must_change_password,
        now,
    )
    .execute(conn)
    .await
    .on_constraint("users_email_key", || {
        Error::conflict("email_taken", "an account with this e-mail address exists")
    })?;
    Ok(())
}

/// An account that the transaction may see: its own user's, or a colleague's.
///
/// # Errors
/// `NotFound`.
pub async fn find_user(conn: &mut PgConnection, id: UserId) -> Result<User> {
    sqlx::query_as!(
        User,
        r#"select id as "id: UserId", email, full_name, phone, language as "language: Language",
                  must_change_password, version, created_at
           from users where id = $1"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("user"))
}

/// The hash of the transaction's own user, to compare before a change.
///
/// # Errors
/// The database's.
pub async fn own_password_hash(conn: &mut PgConnection) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!("select own_password_hash()")
        .fetch_one(conn)
        .await?)
}

/// Whether the transaction's own user still has the password behind `hash`; it stays so to the end of the
/// transaction. Who has verified a password asks again before acting on it: a reset may have come between.
///
/// # Errors
/// The database's.
pub async fn still_has_password(conn: &mut PgConnection, id: UserId, hash: &str) -> Result<bool> {
    sqlx::query!("select from users where id = $1 for no key update", id.0)
        .execute(&mut *conn)
        .await?;
    Ok(own_password_hash(conn).await?.as_deref() == Some(hash))
}

/// Gives the transaction's own user a new password, chosen by the person.
///
/// # Errors
/// `NotFound`.
pub async fn replace_password(
    conn: &mut PgConnection,
    id: UserId,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let done = sqlx::query!(
        "update users set password_hash = $2, must_change_password = false, updated_at = $3,
                          version = version + 1
         where id = $1",
        id.0,
        hash,
        now,
    )
    .execute(conn)
    .await?;
    if done.rows_affected() == 0 {
        Err(Error::NotFound("user"))
    } else {
        Ok(())
    }
}

/// Changes the transaction's own user, where `version` is still the current one.
///
/// # Errors
/// `NotFound`, `Conflict(version_mismatch)`.
pub async fn update_profile(
    conn: &mut PgConnection,
    id: UserId,
    changes: &ProfileChanges,
    version: Option<i32>,
    now: DateTime<Utc>,
) -> Result<User> {
    let done = sqlx::query!(
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
    let user = find_user(conn, id).await?;
    if done.rows_affected() == 0 {
        Err(version_missed())
    } else {
        Ok(user)
    }
}
