//! `Stripe-Signature: t=<unix>,v1=<hex>[,v1=<hex>..]`: HMAC-SHA256 over `<t>.<raw body>`.
//! Source: docs.stripe.com/webhooks. Any `v1` may match (two while a secret is being rolled); the
//! time must be within 300 s of ours on both sides, where Stripe's own library checks only the past.

use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;

use crate::mac::hmac_sha256;

/// How far a signature's time may lie from ours.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Why a webhook is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the signature header has no time or no v1 signature")]
    Malformed,
    #[error("no signature matches the body")]
    Mismatch,
    #[error("the signature's time is more than 300 s away")]
    Stale,
    #[error("the body is no event")]
    NotAnEvent,
}

/// The header for a body, as Stripe makes it.
#[must_use]
pub fn sign(secret: &str, body: &[u8], at: DateTime<Utc>) -> String {
    let time = at.timestamp();
    format!(
        "t={time},v1={}",
        hex::encode(digest(secret, &time.to_string(), body))
    )
}

/// Checks the header over the raw body; the time is looked at only after a signature matched.
///
/// # Errors
/// Says which check failed.
pub fn verify(
    secret: &str,
    body: &[u8],
    header: &str,
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    let parts: Vec<(&str, &str)> = header
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
        .collect();
    let time = parts
        .iter()
        .find(|(key, _)| *key == "t")
        .map(|(_, value)| *value);
    let seconds: i64 = time
        .and_then(|t| t.parse().ok())
        .ok_or(SignatureError::Malformed)?;
    let given: Vec<&str> = parts
        .iter()
        .filter(|(key, _)| *key == "v1")
        .map(|(_, value)| *value)
        .collect();
    if given.is_empty() {
        return Err(SignatureError::Malformed);
    }
    let expected = hex::encode(digest(secret, time.unwrap_or_default(), body));
    let matches = given.iter().fold(false, |found, candidate| {
        let equal: bool = candidate.as_bytes().ct_eq(expected.as_bytes()).into();
        found | equal
    });
    if !matches {
        return Err(SignatureError::Mismatch);
    }
    if now.timestamp().abs_diff(seconds) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(SignatureError::Stale);
    }
    Ok(())
}

fn digest(secret: &str, time: &str, body: &[u8]) -> Vec<u8> {
    hmac_sha256(secret, &[time.as_bytes(), b".", body])
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{SignatureError, sign, verify};

    const SECRET: &str = "whsec_abc";
    const BODY: &[u8] = br#"{"id":"evt_test"}"#;
    const V1: &str = "d5c04c1c13ec96960852a6f2b1afa81473a2ca347633e735cc5879bbac6400b3";

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    #[test]
    fn the_signature_equals_that_of_stripes_own_library() {
        assert_eq!(sign(SECRET, BODY, at()), format!("t=1700000000,v1={V1}"));
        assert_eq!(
            verify(SECRET, BODY, &format!("t=1700000000,v1={V1}"), at()),
            Ok(())
        );
    }

    #[test]
    fn each_defect_is_refused_and_a_rolled_secret_is_not() {
        use SignatureError::{Malformed, Mismatch};
        let good = format!("t=1700000000,v1={V1}");
        let rolled = format!("t=1700000000,v1={},v0=x,v1={V1}", "0".repeat(64));
        assert_eq!(verify(SECRET, BODY, &rolled, at()), Ok(()));
        assert_eq!(
            verify(SECRET, br#"{"id":"evt_tesT"}"#, &good, at()),
            Err(Mismatch)
        );
        assert_eq!(verify("whsec_other", BODY, &good, at()), Err(Mismatch));
        assert_eq!(
            verify(SECRET, BODY, &format!("t=1700000001,v1={V1}"), at()),
            Err(Mismatch)
        );
        for header in [
            "",
            &format!("v1={V1}"),
            "t=1700000000",
            &format!("t=x,v1={V1}"),
            &format!("t=1700000000,v0={V1}"),
        ] {
            assert_eq!(
                verify(SECRET, BODY, header, at()),
                Err(Malformed),
                "{header}"
            );
        }
    }

    #[test]
    fn the_time_may_be_300_s_away_on_both_sides() {
        let good = format!("t=1700000000,v1={V1}");
        for (seconds, expected) in [
            (300, Ok(())),
            (-300, Ok(())),
            (301, Err(SignatureError::Stale)),
            (-301, Err(SignatureError::Stale)),
        ] {
            assert_eq!(
                verify(SECRET, BODY, &good, at() + TimeDelta::seconds(seconds)),
                expected,
                "{seconds}"
            );
        }
        assert_eq!(
            verify(SECRET, BODY, &format!("t={},v1={V1}", i64::MIN), at()),
            Err(SignatureError::Mismatch)
        );
    }
}
