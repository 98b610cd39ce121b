//! Password logins: attempts are counted before the password is verified, and every failure looks
//! the same.

use chrono::{DateTime, Utc};
use domain::identity;
use domain::identity::accounts::Credentials;
use domain::identity::attempts::Attempts;
use platform::db;
use secrecy::SecretString;

use crate::App;
use crate::auth::Peer;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};

/// Counts a login attempt for an account and a network, and returns the time. Fails with 429 above
/// the limit of both together. Delays the attempt where the account fails from many networks.
pub(super) async fn count_login_attempt(
    app: &App,
    account: &str,
    peer: Peer,
) -> Result<DateTime<Utc>> {
    let (attempt, now) = {
        let mut conn = app.db().app().acquire().await?;
        let network = peer.rate_limit_key();
        let attempt = identity::attempts::count_login_attempt(&mut conn, account, &network).await?;
        (attempt, db::load_now(&mut conn).await?)
    };
    require_allowed(attempt.attempts, now)?;
    tokio::time::sleep(attempt.delay).await;
    Ok(now)
}

/// Fails with 429 above the limit of attempts.
pub(crate) fn require_allowed(attempts: Attempts, now: DateTime<Utc>) -> Result<()> {
    match attempts {
        Attempts::Allowed => Ok(()),
        Attempts::Rejected { until } => {
            let seconds = (until - now).num_seconds();
            Err(Error::rate_limited(
                "too many attempts; wait",
                u64::try_from(seconds).unwrap_or(1),
            ))
        }
    }
}

/// Verifies the password of a sign-in. Takes the same time and fails with the same error whether
/// the account is unknown, deactivated, or the password is wrong.
pub(super) async fn verify_password<Id>(
    app: &App,
    password: SecretString,
    credentials: Option<Credentials<Id>>,
) -> Result<Credentials<Id>> {
    let hash = credentials.as_ref().map(|c| c.password_hash.clone());
    let matches = app.passwords().verify(password, hash).await?;
    credentials
        .filter(|c| matches && c.active)
        .ok_or_else(invalid_credentials)
}

pub(super) fn invalid_credentials() -> Error {
    Error::new(
        ErrorCode::InvalidCredentials,
        "wrong e-mail address or password",
    )
}
