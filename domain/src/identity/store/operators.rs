//! The platform's own people, and their sessions.

use chrono::{DateTime, TimeDelta, Utc};
use platform::db::ConstraintExt as _;
use platform::id_type;
use sqlx::PgConnection;

use crate::{Error, Result};

id_type!(OperatorId, "A person of the platform.");
id_type!(OperatorSessionId, "One sign-in of an operator.");

/// An operator has no refresh token, so that a session is as long as its access token.
pub const OPERATOR_SESSION_LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// What the sign-in of an operator is verified against. Without `Debug`, because it holds secrets.
#[derive(Clone)]
pub struct OperatorCredentials {
    pub id: OperatorId,
    pub password_hash: String,
    pub active: bool,
    /// Sealed with the context `operators:<id>`.
    pub sealed_totp_secret: Vec<u8>,
}

/// An operator as the command line lists it.
#[derive(Debug, Clone)]
pub struct Operator {
    pub id: OperatorId,
    pub email: String,
    pub full_name: String,
    pub active: bool,
    pub created_at: DateTime<Utc>,
    pub open_sessions: i64,
}

/// An operator to create. Without `Debug`, because it holds secrets.
pub struct NewOperator<'a> {
    pub id: OperatorId,
    pub email: &'a str,
    pub full_name: &'a str,
    pub password_hash: &'a str,
    pub sealed_totp_secret: &'a [u8],
}

/// Creates an operator. Needs the tables' owner, as every change of an operator: only the command
/// line is.
///
/// # Errors
/// `Conflict(email_taken)`.
pub async fn create_operator(
    conn: &mut PgConnection,
    operator: &NewOperator<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "insert into operators (id, email, full_name, password_hash, sealed_totp_secret, created_at)
         values ($1, $2, $3, $4, $5, $6)",
        operator.id.0,
        operator.email,
        operator.full_name,
        operator.password_hash,
        operator.sealed_totp_secret,
        now,
    )
    .execute(conn)
    .await
    .on_constraint("operators_email_key", || {
        Error::conflict("email_taken", "an operator with this e-mail address exists")
    })?;
    Ok(())
}

/// Lists the operators by address, with the number of their open sessions.
pub async fn list_operators(conn: &mut PgConnection) -> Result<Vec<Operator>> {
    let rows = sqlx::query_as!(
        Operator,
        r#"select o.id as "id: OperatorId", o.email, o.full_name, o.active, o.created_at,
                  (select count(*) from operator_sessions s
                   where s.operator_id = o.id and s.revoked_at is null
                     and s.expires_at > engine_now()) as "open_sessions!"
           from operators o order by o.email"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

pub async fn require_operator(conn: &mut PgConnection, email: &str) -> Result<OperatorId> {
    sqlx::query_scalar!(
        r#"select id as "id: OperatorId" from operators where email = $1"#,
        email,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("operator"))
}

/// Closes or opens an operator's account.
pub async fn set_operator_active(
    conn: &mut PgConnection,
    id: OperatorId,
    active: bool,
) -> Result<()> {
    sqlx::query!(
        "update operators set active = $2 where id = $1",
        id.0,
        active
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn replace_operator_password(
    conn: &mut PgConnection,
    id: OperatorId,
    password_hash: &str,
) -> Result<()> {
    sqlx::query!(
        "update operators set password_hash = $2 where id = $1",
        id.0,
        password_hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Replaces the secret of the second factor, as for a lost device.
pub async fn replace_totp_secret(
    conn: &mut PgConnection,
    id: OperatorId,
    sealed_secret: &[u8],
) -> Result<()> {
    sqlx::query!(
        "update operators set sealed_totp_secret = $2, totp_step = 0 where id = $1",
        id.0,
        sealed_secret,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends all sessions of an operator, from the next request on.
pub async fn end_operator_sessions(
    conn: &mut PgConnection,
    id: OperatorId,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update operator_sessions set revoked_at = $2
         where operator_id = $1 and revoked_at is null",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the credentials of an address, before anybody is signed in.
pub async fn find_operator_credentials(
    conn: &mut PgConnection,
    email: &str,
) -> Result<Option<OperatorCredentials>> {
    let row = sqlx::query_as!(
        OperatorCredentials,
        r#"select id as "id!: OperatorId", password_hash as "password_hash!", active as "active!",
                  sealed_totp_secret as "sealed_totp_secret!"
           from operator_login_lookup($1)"#,
        email,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Opens a session after both factors were verified. Returns `None` where the password has changed
/// meanwhile, or the code of this step or a later one was used before.
pub async fn open_operator_session(
    conn: &mut PgConnection,
    operator: &OperatorCredentials,
    step: i64,
) -> Result<Option<OperatorSessionId>> {
    let session = OperatorSessionId::new();
    let opened = sqlx::query_scalar!(
        r#"select open_operator_session($1, $2, $3, $4, $5) as "opened!""#,
        session.0,
        operator.id.0,
        operator.password_hash,
        step,
        f64::from(i32::try_from(OPERATOR_SESSION_LIFETIME.num_seconds()).unwrap_or(i32::MAX)),
    )
    .fetch_one(conn)
    .await?;
    Ok(opened.then_some(session))
}

/// Ends one session of an operator.
pub async fn end_operator_session(
    conn: &mut PgConnection,
    session: OperatorSessionId,
) -> Result<()> {
    sqlx::query!("select end_operator_session($1)", session.0)
        .execute(conn)
        .await?;
    Ok(())
}
