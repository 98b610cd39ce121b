//! `Stripe-Signature: t=<unix>,v1=<hex>[,v1=<hex>..]`: HMAC-SHA256 over `<t>.<raw body>`.
//! Source: docs.stripe.com/webhooks. Any `v1` may match (two while a secret is being rolled).
//! The time must be within 300 s of ours on both sides. Stripe's own library limits only the past.

use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq;

use crate::mac::hmac_sha256;

/// How far a signature's time may be from ours.
const TOLERANCE_SECONDS: u64 = 300;

/// Why a webhook is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the signature header has no time or no v1 signature")]
    Malformed,
    #[error("no signature matches the body")]
    Mismatch,
    #[error("the signature's time is more than 300 s away")]
    Stale,
    #[error("the body is not an event")]
    NotAnEvent,
}

/// Returns the header that Stripe sends for a body.
#[must_use]
pub fn sign_event(secret: &str, body: &[u8], at: DateTime<Utc>) -> String {
    let time = at.timestamp().to_string();
    let signature = compute_signature(secret, &time, body);
    format!("t={time},v1={signature}")
}

/// Verifies the header over the raw body. The time counts only after a signature has matched,
/// because an unsigned time proves nothing.
pub(super) fn verify_header(
    secret: &str,
    body: &[u8],
    header: &str,
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    let parts: Vec<(&str, &str)> = header
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
        .collect();
    let values_of = |key: &'static str| parts.iter().filter(move |part| part.0 == key);
    let (_, time) = values_of("t").next().ok_or(SignatureError::Malformed)?;
    let seconds: i64 = time.parse().map_err(|_| SignatureError::Malformed)?;
    if values_of("v1").next().is_none() {
        return Err(SignatureError::Malformed);
    }
    let expected = compute_signature(secret, time, body);
    // Compares with every signature, so that the duration reveals nothing.
    let matches = values_of("v1").fold(false, |found, (_, candidate)| {
        let is_equal: bool = candidate.as_bytes().ct_eq(expected.as_bytes()).into();
        found | is_equal
    });
    if !matches {
        return Err(SignatureError::Mismatch);
    }
    if now.timestamp().abs_diff(seconds) > TOLERANCE_SECONDS {
        return Err(SignatureError::Stale);
    }
    Ok(())
}

fn compute_signature(secret: &str, time: &str, body: &[u8]) -> String {
    hex::encode(hmac_sha256(secret, &[time.as_bytes(), b".", body]))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{SignatureError, sign_event, verify_header};

    const SECRET: &str = "whsec_abc";
    const BODY: &[u8] = br#"{"id":"evt_test"}"#;
    const V1: &str = "d5c04c1c13ec96960852a6f2b1afa81473a2ca347633e735cc5879bbac6400b3";

    fn signed_at() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).unwrap()
    }

    #[test]
    fn the_signature_equals_that_of_stripes_own_library() {
        assert_eq!(
            sign_event(SECRET, BODY, signed_at()),
            format!("t=1700000000,v1={V1}")
        );
        assert_eq!(
            verify_header(SECRET, BODY, &format!("t=1700000000,v1={V1}"), signed_at()),
            Ok(())
        );
    }

    #[test]
    fn each_defect_is_rejected_and_a_rolled_secret_is_accepted() {
        use SignatureError::{Malformed, Mismatch};
        let good = format!("t=1700000000,v1={V1}");
        let rolled = format!("t=1700000000,v1={},v0=x,v1={V1}", "0".repeat(64));
        assert_eq!(verify_header(SECRET, BODY, &rolled, signed_at()), Ok(()));
        assert_eq!(
            verify_header(SECRET, br#"{"id":"evt_tesT"}"#, &good, signed_at()),
            Err(Mismatch)
        );
        assert_eq!(
            verify_header("whsec_other", BODY, &good, signed_at()),
            Err(Mismatch)
        );
        assert_eq!(
            verify_header(SECRET, BODY, &format!("t=1700000001,v1={V1}"), signed_at()),
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
                verify_header(SECRET, BODY, header, signed_at()),
                Err(Malformed),
                "{header}"
            );
        }
    }

    #[test]
    fn the_time_may_be_300_seconds_away_on_both_sides() {
        let good = format!("t=1700000000,v1={V1}");
        for (seconds, expected) in [
            (300, Ok(())),
            (-300, Ok(())),
            (301, Err(SignatureError::Stale)),
            (-301, Err(SignatureError::Stale)),
        ] {
            assert_eq!(
                verify_header(
                    SECRET,
                    BODY,
                    &good,
                    signed_at() + TimeDelta::seconds(seconds)
                ),
                expected,
                "{seconds}"
            );
        }
        assert_eq!(
            verify_header(
                SECRET,
                BODY,
                &format!("t={},v1={V1}", i64::MIN),
                signed_at()
            ),
            Err(SignatureError::Mismatch)
        );
    }
}
