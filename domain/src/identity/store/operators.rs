//! The platform's own people.

use chrono::{DateTime, Utc};
use platform::db::ConstraintExt as _;
use platform::id_type;
use sqlx::PgConnection;

use super::accounts::Credentials;
use crate::{Error, Result};

id_type!(OperatorId, "A person of the platform.");

/// Creates an operator. Needs the tables' owner, which only the command line is.
///
/// # Errors
/// `Conflict(email_taken)`.
pub async fn create_operator(
    conn: &mut PgConnection,
    email: &str,
    full_name: &str,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<OperatorId> {
    let id = OperatorId::new();
    sqlx::query!(
        "insert into operators (id, email, full_name, password_hash, created_at)
         values ($1, $2, $3, $4, $5)",
        id.0,
        email,
        full_name,
        password_hash,
        now,
    )
    .execute(conn)
    .await
    .on_constraint("operators_email_key", || {
        Error::conflict("email_taken", "an operator with this e-mail address exists")
    })?;
    Ok(id)
}

/// Returns the credentials of an address, before anybody is signed in.
pub async fn find_operator_credentials(
    conn: &mut PgConnection,
    email: &str,
) -> Result<Option<Credentials<OperatorId>>> {
    let row = sqlx::query_as!(
        Credentials,
        r#"select id as "id!: OperatorId", password_hash as "password_hash!", active as "active!"
           from operator_login_lookup($1)"#,
        email,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}
