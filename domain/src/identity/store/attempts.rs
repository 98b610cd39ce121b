//! How often somebody may try: counted in Postgres, so that every process counts together and a
//! restart forgets nothing. A try counts before it is judged, so that many at once don't slip by.

use chrono::{DateTime, TimeDelta, Utc};
use platform::crypto::sha256;
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use crate::Result;

const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// Kept by the sweep for as long.
const DAY: TimeDelta = TimeDelta::days(1);
const LOGINS_PER_ACCOUNT: i32 = 10;
const LOGINS_PER_ADDRESS: i32 = 100;
const RESETS_PER_ACCOUNT: i32 = 3;
const RESETS_PER_ADDRESS: i32 = 30;
const REGISTRATIONS_PER_ADDRESS: i32 = 30;
const INVITATIONS_PER_PERSON: i32 = 50;
const INVITATIONS_PER_COMPANY: i32 = 100;

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
    let limits = [
        (key("login", email), LOGINS_PER_ACCOUNT),
        (key("login-from", address), LOGINS_PER_ADDRESS),
    ];
    count(conn, WINDOW, &limits).await
}

/// Counts one request to reset the password of `email` from `address`.
///
/// # Errors
/// The database's.
pub async fn try_reset(conn: &mut PgConnection, email: &str, address: &str) -> Result<Attempts> {
    let limits = [
        (key("reset", email), RESETS_PER_ACCOUNT),
        (key("reset-from", address), RESETS_PER_ADDRESS),
    ];
    count(conn, WINDOW, &limits).await
}

/// Counts one registration from `address`.
///
/// # Errors
/// The database's.
pub async fn try_registration(conn: &mut PgConnection, address: &str) -> Result<Attempts> {
    count(
        conn,
        WINDOW,
        &[(key("register-from", address), REGISTRATIONS_PER_ADDRESS)],
    )
    .await
}

/// Counts one invitation of a day, which is a message to an address that never asked for it.
///
/// # Errors
/// The database's.
pub async fn try_invitation(
    conn: &mut PgConnection,
    company: CompanyId,
    by: UserId,
) -> Result<Attempts> {
    let limits = [
        (key("invite-by", &by.to_string()), INVITATIONS_PER_PERSON),
        (
            key("invite-for", &company.to_string()),
            INVITATIONS_PER_COMPANY,
        ),
    ];
    count(conn, DAY, &limits).await
}

/// A login went well: the account starts over, the address has one try less.
///
/// # Errors
/// The database's.
pub async fn forgive_attempts(conn: &mut PgConnection, email: &str, address: &str) -> Result<()> {
    let (account, address) = (key("login", email), key("login-from", address));
    sqlx::query!(
        "select forgive_attempts($1, $2)",
        account.as_slice(),
        address.as_slice()
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn count(
    conn: &mut PgConnection,
    window: TimeDelta,
    limits: &[([u8; 32], i32)],
) -> Result<Attempts> {
    let keys: Vec<&[u8]> = limits.iter().map(|(key, _)| key.as_slice()).collect();
    let length = PgInterval {
        months: 0,
        days: 0,
        microseconds: window.num_microseconds().unwrap_or_default(),
    };
    let rows = sqlx::query!(
        r#"select key as "key!", tries as "tries!", window_started_at as "window_started_at!"
           from count_attempts($1, $2)"#,
        &keys as &[&[u8]],
        length,
    )
    .fetch_all(conn)
    .await?;
    let over = rows
        .iter()
        .filter(|row| {
            limits
                .iter()
                .any(|(key, limit)| row.key == key && row.tries > *limit)
        })
        .map(|row| row.window_started_at + window)
        .max();
    Ok(over.map_or(Attempts::Allowed, |until| Attempts::Refused { until }))
}

/// A digest: the table needs neither addresses nor names.
fn key(kind: &str, subject: &str) -> [u8; 32] {
    sha256(format!("{kind}:{subject}").as_bytes())
}
