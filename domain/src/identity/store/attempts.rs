//! Limits on attempts: counted in Postgres, so that all processes share the counters and a restart
//! keeps them. An attempt counts before its outcome is known, so that concurrent ones can't exceed
//! the limit.
//!
//! Only an account and a network together are locked. Failures from many networks slow the
//! account's sign-ins down, but don't lock its owner out.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use platform::crypto::hash_sha256;
use platform::ids::{CompanyId, UserId};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use crate::Result;

const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// The sweep keeps windows for as long.
const LONG_WINDOW: TimeDelta = TimeDelta::days(1);
const MAX_LOGINS_PER_ACCOUNT_AND_NETWORK: i32 = 10;
const MAX_LOGINS_PER_NETWORK: i32 = 100;
/// Sign-ins to an account, from all networks, before each further one is delayed.
const PROMPT_LOGINS_PER_ACCOUNT: i32 = 100;
const LOGIN_DELAY_STEP: Duration = Duration::from_millis(100);
const MAX_LOGIN_DELAY: Duration = Duration::from_secs(5);
const MAX_RESETS_PER_ACCOUNT: i32 = 3;
const MAX_RESETS_PER_NETWORK: i32 = 30;
const MAX_REGISTRATIONS_PER_NETWORK: i32 = 30;
const MAX_REGISTRATIONS_PER_ADDRESS_AND_NETWORK: i32 = 3;
const MAX_REGISTRATIONS_PER_ADDRESS: i32 = 20;
const MAX_REGISTRATIONS_PER_PHONE: i32 = 5;
const MAX_INVITATIONS_PER_PERSON: i32 = 50;
const MAX_INVITATIONS_PER_COMPANY: i32 = 20;
const MAX_CODES_PER_COMPANY: i32 = 20;
/// Of all companies together: nobody's address can be flooded.
const MAX_CODES_PER_ADDRESS: i32 = 5;

/// Whether an attempt may proceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempts {
    Allowed,
    /// Too many attempts: every further one fails before this time.
    Rejected {
        until: DateTime<Utc>,
    },
}

/// Whether a login may proceed, and the delay before its password is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginAttempt {
    pub attempts: Attempts,
    pub delay: Duration,
}

/// A counter: its digest, its limit, and the account's digest where the counter is of an account on
/// one network.
struct Counter {
    key: [u8; 32],
    limit: i32,
    account: Option<[u8; 32]>,
}

impl Counter {
    fn new(kind: &str, subject: &str, limit: i32) -> Self {
        Self {
            key: digest_key(kind, subject),
            limit,
            account: None,
        }
    }
}

/// Counts one login to `account` from `network`. One that is rejected doesn't count for the
/// account, so that one network cannot delay its owner.
pub async fn count_login_attempt(
    conn: &mut PgConnection,
    account: &str,
    network: &str,
) -> Result<LoginAttempt> {
    let counters = [
        Counter {
            key: pair_key(account, network),
            limit: MAX_LOGINS_PER_ACCOUNT_AND_NETWORK,
            account: Some(account_key(account)),
        },
        Counter::new("login-from", network, MAX_LOGINS_PER_NETWORK),
    ];
    let attempts = check_attempts(conn, WINDOW, &counters).await?;
    let mut delay = Duration::ZERO;
    if attempts == Attempts::Allowed {
        let of_account = [Counter::new("login", account, i32::MAX)];
        let counts = count_attempts(conn, WINDOW, &of_account).await?;
        delay = compute_login_delay(counts.first().map_or(0, |count| count.attempts));
    }
    Ok(LoginAttempt { attempts, delay })
}

/// Returns the delay of the `attempts`th sign-in to an account within the window.
fn compute_login_delay(attempts: i32) -> Duration {
    let further = attempts.saturating_sub(PROMPT_LOGINS_PER_ACCOUNT);
    let steps = u32::try_from(further).unwrap_or_default();
    LOGIN_DELAY_STEP.saturating_mul(steps).min(MAX_LOGIN_DELAY)
}

/// Counts one request to mail a link to `email` from `network`.
pub async fn count_reset_attempt(
    conn: &mut PgConnection,
    email: &str,
    network: &str,
) -> Result<Attempts> {
    let counters = [
        Counter::new("reset", email, MAX_RESETS_PER_ACCOUNT),
        Counter::new("reset-from", network, MAX_RESETS_PER_NETWORK),
    ];
    check_attempts(conn, WINDOW, &counters).await
}

/// Counts one registration of `email` from `network`, whether or not the address has an account.
/// One network cannot use up the registrations of somebody else's address.
pub async fn count_registration_attempt(
    conn: &mut PgConnection,
    network: &str,
    email: &str,
    phone: Option<&str>,
) -> Result<Attempts> {
    let of_network = Counter::new("register-from", network, MAX_REGISTRATIONS_PER_NETWORK);
    let pair = format!("{email} {network}");
    let of_pair = Counter::new(
        "register-pair",
        &pair,
        MAX_REGISTRATIONS_PER_ADDRESS_AND_NETWORK,
    );
    let mut of_all = vec![Counter::new(
        "register",
        email,
        MAX_REGISTRATIONS_PER_ADDRESS,
    )];
    of_all.extend(
        phone.map(|phone| Counter::new("register-phone", phone, MAX_REGISTRATIONS_PER_PHONE)),
    );
    for (window, counters) in [
        (WINDOW, vec![of_network]),
        (LONG_WINDOW, vec![of_pair]),
        (LONG_WINDOW, of_all),
    ] {
        let attempts = check_attempts(conn, window, &counters).await?;
        if attempts != Attempts::Allowed {
            return Ok(attempts);
        }
    }
    Ok(Attempts::Allowed)
}

/// Counts one invitation, an unsolicited message, in a window of a day.
pub async fn count_invitation_attempt(
    conn: &mut PgConnection,
    company: CompanyId,
    by: UserId,
) -> Result<Attempts> {
    let counters = [
        Counter::new("invite-by", &by.to_string(), MAX_INVITATIONS_PER_PERSON),
        Counter::new(
            "invite-for",
            &company.to_string(),
            MAX_INVITATIONS_PER_COMPANY,
        ),
    ];
    check_attempts(conn, LONG_WINDOW, &counters).await
}

/// Counts one code that requests an address's consent to a company's alerts, in a window of a day.
pub async fn count_code_attempt(
    conn: &mut PgConnection,
    company: CompanyId,
    by: UserId,
    address: &str,
) -> Result<Attempts> {
    let counters = [
        Counter::new("code-by", &by.to_string(), MAX_CODES_PER_COMPANY),
        Counter::new("code-for", &company.to_string(), MAX_CODES_PER_COMPANY),
        Counter::new("code-to", address, MAX_CODES_PER_ADDRESS),
    ];
    check_attempts(conn, LONG_WINDOW, &counters).await
}

/// Records a successful login: clears the attempts of the account, and of the account on this
/// network, and takes one off the network's.
pub async fn record_login_success(
    conn: &mut PgConnection,
    account: &str,
    network: &str,
) -> Result<()> {
    let keys = [
        account_key(account),
        pair_key(account, network),
        digest_key("login-from", network),
    ];
    sqlx::query!(
        "select clear_login_attempts($1, $2, $3)",
        keys[0].as_slice(),
        keys[1].as_slice(),
        keys[2].as_slice(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Count {
    key: Vec<u8>,
    attempts: i32,
    window_started_at: DateTime<Utc>,
}

async fn check_attempts(
    conn: &mut PgConnection,
    window: TimeDelta,
    counters: &[Counter],
) -> Result<Attempts> {
    let counts = count_attempts(conn, window, counters).await?;
    Ok(compare_limits(&counts, counters, window))
}

fn compare_limits(counts: &[Count], counters: &[Counter], window: TimeDelta) -> Attempts {
    let exceeded = counts.iter().filter(|count| {
        let exceeds = |c: &Counter| count.key == c.key && count.attempts > c.limit;
        counters.iter().any(exceeds)
    });
    let until = exceeded.map(|count| count.window_started_at + window).max();
    until.map_or(Attempts::Allowed, |until| Attempts::Rejected { until })
}

async fn count_attempts(
    conn: &mut PgConnection,
    window: TimeDelta,
    counters: &[Counter],
) -> Result<Vec<Count>> {
    let keys: Vec<&[u8]> = counters.iter().map(|c| c.key.as_slice()).collect();
    let accounts: Vec<Option<&[u8]>> = counters
        .iter()
        .map(|c| c.account.as_ref().map(<[u8; 32]>::as_slice))
        .collect();
    let length = PgInterval {
        months: 0,
        days: 0,
        microseconds: window.num_microseconds().unwrap_or_default(),
    };
    let counts = sqlx::query_as!(
        Count,
        r#"select key as "key!", attempts as "attempts!",
                  window_started_at as "window_started_at!"
           from count_attempts($1, $2, $3)"#,
        &keys as &[&[u8]],
        &accounts as &[Option<&[u8]>],
        length,
    )
    .fetch_all(conn)
    .await?;
    Ok(counts)
}

/// Returns the digest that an account's failed sign-ins are counted and forgiven by.
pub(super) fn account_key(account: &str) -> [u8; 32] {
    digest_key("login", account)
}

fn pair_key(account: &str, network: &str) -> [u8; 32] {
    digest_key("login-pair", &format!("{account} {network}"))
}

/// Returns a digest, so that the table contains neither addresses nor names.
fn digest_key(kind: &str, subject: &str) -> [u8; 32] {
    hash_sha256(format!("{kind}:{subject}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_under_attack_is_slowed_down_and_never_locked() {
        for (attempts, milliseconds) in [
            (0, 0),
            (100, 0),
            (101, 100),
            (120, 2_000),
            (150, 5_000),
            (i32::MAX, 5_000),
        ] {
            let delay = compute_login_delay(attempts).as_millis();
            assert_eq!(delay, milliseconds, "{attempts}");
        }
    }
}
