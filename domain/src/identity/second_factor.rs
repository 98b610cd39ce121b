//! The second factor of operators: codes of six digits that change every 30 seconds (RFC 6238).

use chrono::{DateTime, Utc};
use rand::RngCore as _;
use totp_rs::{Builder, Secret, Totp};

use crate::{Error, Result};

const ISSUER: &str = "Vigie";
const SECRET_BYTES: usize = 20;

/// Generates the secret that the server and the operator's device share.
pub fn new_totp_secret() -> [u8; SECRET_BYTES] {
    let mut secret = [0_u8; SECRET_BYTES];
    rand::rng().fill_bytes(&mut secret);
    secret
}

/// Returns the address that an authenticator application reads, with the secret in it.
pub fn describe_totp_secret(secret: &[u8], email: &str) -> Result<String> {
    build_totp(secret, email)?
        .to_url()
        .map_err(|cause| broken_secret(&cause))
}

/// Returns the step of a valid code at `now`, or of the step before or after. A step must be
/// accepted once only.
pub fn find_totp_step(secret: &[u8], code: &str, now: DateTime<Utc>) -> Result<Option<i64>> {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let step = build_totp(secret, "operator")?.check(code.trim(), seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

fn build_totp(secret: &[u8], email: &str) -> Result<Totp> {
    Builder::new()
        .with_secret(Secret::new(secret.into()))
        .with_account_name(email)
        .with_issuer(Some(ISSUER))
        .build()
        .map_err(|cause| broken_secret(&cause))
}

/// Secrets are ours, so that an unusable one is corrupt data.
fn broken_secret(cause: &totp_rs::TotpError) -> Error {
    sqlx::Error::Decode(cause.to_string().into()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_second(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_rfc_6238_one_step_around_now() {
        let secret = b"12345678901234567890";
        let step = |code: &str, now| find_totp_step(secret, code, at_second(now)).unwrap();
        assert_eq!(step("287082", 59), Some(1));
        assert_eq!(step("081804", 1_111_111_109), Some(37_037_036));
        assert_eq!(step("287082", 89), Some(1));
        assert_eq!(step("287082", 120), None);
        for code in ["", "28708", "2870823", "abcdef", "287083"] {
            assert_eq!(step(code, 59), None, "{code}");
        }
    }

    #[test]
    fn the_address_for_the_device_names_issuer_and_operator() {
        let address = describe_totp_secret(&new_totp_secret(), "ops@vigie.example").unwrap();
        assert!(address.starts_with("otpauth://totp/Vigie:"), "{address}");
        assert!(address.contains("secret="), "{address}");
    }
}
