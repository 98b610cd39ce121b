//! How often somebody may try: counted in Postgres, so that every process counts together and a
//! restart forgets nothing. A try counts before it is judged, so that many at once don't slip by.

use chrono::{DateTime, TimeDelta, Utc};
use platform::crypto::sha256;
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use crate::Result;

const WINDOW: TimeDelta = TimeDelta::minutes(15);
const LOGINS_PER_ACCOUNT: i32 = 10;
const LOGINS_PER_ADDRESS: i32 = 100;
const RESETS_PER_ACCOUNT: i32 = 3;
const RESETS_PER_ADDRESS: i32 = 30;

/// Whether a try may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    Allowed,
    /// Too many; none is judged before this time.
    Refused {
        until: DateTime<Utc>,
    },
}

/// Counts one login of `email` from `address`.
///
/// # Errors
/// The database's.
pub async fn try_login(conn: &mut PgConnection, email: &str, address: &str) -> Result<Attempts> {
    let limits = [(key("login", email), LOGINS_PER_ACCOUNT), (key("login-from", address), LOGINS_PER_ADDRESS)];
    count(conn, limits).await
}

/// Counts one request to reset the password of `email` from `address`.
///
/// # Errors
/// The database's.
pub async fn try_reset(conn: &mut PgConnection, email: &str, address: &str) -> Result<Attempts> {
    let limits = [(key("reset", email), RESETS_PER_ACCOUNT), (key("reset-from", address), RESETS_PER_ADDRESS)];
    count(conn, limits).await
}

/// A login went well: the account starts over, the address has one try less.
///
/// # Errors
/// The database's.
pub async fn forgive_attempts(conn: &mut PgConnection, email: &str, address: &str) -> Result<()> {
    let (account, address) = (key("login", email), key("login-from", address));
    sqlx::query!("select forgive_attempts($1, $2)", account.as_slice(), address.as_slice()).execute(conn).await?;
    Ok(())
}

async fn count(conn: &mut PgConnection, limits: [([u8; 32], i32); 2]) -> Result<Attempts> {
    let keys: Vec<&[u8]> = limits.iter().map(|(key, _)| key.as_slice()).collect();
    let window = PgInterval { months: 0, days: 0, microseconds: WINDOW.num_microseconds().unwrap_or_default() };
    let rows = sqlx::query!(
        r#"select key as "key!", tries as "tries!", window_started_at as "window_started_at!"
           from count_attempts($1, $2)"#,
        &keys as &[&[u8]],
        window,
    )
    .fetch_all(conn)
    .await?;
    let over = rows
        .iter()
        .filter(|row| limits.iter().any(|(key, limit)| row.key == key && row.tries > *limit))
        .map(|row| row.window_started_at + WINDOW)
        .max();
    Ok(over.map_or(Attempts::Allowed, |until| Attempts::Refused { until }))
}

/// A digest: the table needs neither addresses nor names.
fn key(kind: &str, subject: &str) -> [u8; 32] {
    sha256(format!("{kind}:{subject}").as_bytes())
}
