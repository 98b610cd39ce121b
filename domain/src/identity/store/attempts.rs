//! Limits on attempts: counted in Postgres, so that all processes share the counters and a restart
//! keeps them. An attempt counts before its outcome is known, so that concurrent ones can't exceed
//! the limit.

use chrono::{DateTime, TimeDelta, Utc};
use platform::crypto::hash_sha256;
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use crate::Result;

const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// The sweep keeps windows for as long.
const INVITATION_WINDOW: TimeDelta = TimeDelta::days(1);
const MAX_LOGINS_PER_ACCOUNT: i32 = 10;
const MAX_LOGINS_PER_ADDRESS: i32 = 100;
const MAX_RESETS_PER_ACCOUNT: i32 = 3;
const MAX_RESETS_PER_ADDRESS: i32 = 30;
const MAX_REGISTRATIONS_PER_ADDRESS: i32 = 30;
const MAX_INVITATIONS_PER_PERSON: i32 = 50;
const MAX_INVITATIONS_PER_COMPANY: i32 = 100;

/// Whether an attempt may proceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    Allowed,
    /// Too many attempts: every further one fails before this time.
    Rejected {
        until: DateTime<Utc>,
    },
}

/// Counts one login of `email` from `address`.
pub async fn count_login_attempt(
    conn: &mut PgConnection,
    email: &str,
    address: &str,
) -> Result<Attempts> {
    let limits = [
        (digest_key("login", email), MAX_LOGINS_PER_ACCOUNT),
        (digest_key("login-from", address), MAX_LOGINS_PER_ADDRESS),
    ];
    count_attempts(conn, WINDOW, &limits).await
}

/// Counts one request to reset the password of `email` from `address`.
pub async fn count_reset_attempt(
    conn: &mut PgConnection,
    email: &str,
    address: &str,
) -> Result<Attempts> {
    let limits = [
        (digest_key("reset", email), MAX_RESETS_PER_ACCOUNT),
        (digest_key("reset-from", address), MAX_RESETS_PER_ADDRESS),
    ];
    count_attempts(conn, WINDOW, &limits).await
}

/// Counts one registration from `address`.
pub async fn count_registration_attempt(
    conn: &mut PgConnection,
    address: &str,
) -> Result<Attempts> {
    count_attempts(
        conn,
        WINDOW,
        &[(
            digest_key("register-from", address),
            MAX_REGISTRATIONS_PER_ADDRESS,
        )],
    )
    .await
}

/// Counts one invitation, an unsolicited message, in a window of a day.
pub async fn count_invitation_attempt(
    conn: &mut PgConnection,
    company: CompanyId,
    by: UserId,
) -> Result<Attempts> {
    let limits = [
        (
            digest_key("invite-by", &by.to_string()),
            MAX_INVITATIONS_PER_PERSON,
        ),
        (
            digest_key("invite-for", &company.to_string()),
            MAX_INVITATIONS_PER_COMPANY,
        ),
    ];
    count_attempts(conn, INVITATION_WINDOW, &limits).await
}

/// Records a successful login: clears the account's attempts and takes one off the address's.
pub async fn record_login_success(
    conn: &mut PgConnection,
    email: &str,
    address: &str,
) -> Result<()> {
    let (account, address) = (
        digest_key("login", email),
        digest_key("login-from", address),
    );
    sqlx::query!(
        "select clear_login_attempts($1, $2)",
        account.as_slice(),
        address.as_slice()
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn count_attempts(
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
        r#"select key as "key!", attempts as "attempts!",
                  window_started_at as "window_started_at!"
           from count_attempts($1, $2)"#,
        &keys as &[&[u8]],
        length,
    )
    .fetch_all(conn)
    .await?;
    let exceeded = rows.iter().filter(|row| {
        let exceeds = |(key, limit): &(_, i32)| row.key == *key && row.attempts > *limit;
        limits.iter().any(exceeds)
    });
    let until = exceeded.map(|row| row.window_started_at + window).max();
    Ok(until.map_or(Attempts::Allowed, |until| Attempts::Rejected { until }))
}

/// Returns a digest, so that the table contains neither addresses nor names.
fn digest_key(kind: &str, subject: &str) -> [u8; 32] {
    hash_sha256(format!("{kind}:{subject}").as_bytes())
}
