//! Access tokens and API keys.
//!
//! Access tokens are JSON Web Tokens of 15 minutes, signed with HS256 and nothing else, by a key
//! that the header names. A token names a session; every request reads from the database whether
//! the session is open and what its user may do. API keys are opaque.

use chrono::{DateTime, TimeDelta, Utc};
use domain::identity::operators::{OperatorId, OperatorSessionId};
use domain::identity::sessions::SessionId;
use jsonwebtoken::{Algorithm, Header, Validation};
use platform::crypto;
use platform::ids::Uuid;
use serde::{Deserialize, Serialize};

use super::hs256;
use super::signing_keys::SigningKeys;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};

pub(crate) const ACCESS_TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(15);
const USER_AUDIENCE: &str = "vigie";
const OPERATOR_AUDIENCE: &str = "vigie-operator";
const API_KEY_PREFIX: &str = "vgk_";

/// Issues and verifies access tokens.
pub(crate) struct Tokens {
    keys: SigningKeys,
    user_rules: Validation,
    operator_rules: Validation,
}

/// The content of a token with a valid signature. [`Access::require_unexpired`] must follow, by the
/// database's clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access<Id> {
    pub(super) id: Id,
    expires_at: DateTime<Utc>,
}

impl<Id> Access<Id> {
    pub(super) fn require_unexpired(&self, now: DateTime<Utc>) -> Result<()> {
        if self.expires_at > now {
            Ok(())
        } else {
            Err(Error::new(
                ErrorCode::TokenExpired,
                "the access token has expired; refresh it",
            ))
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The user, or the operator.
    sub: Uuid,
    /// The session.
    sid: Uuid,
    aud: String,
    iat: i64,
    exp: i64,
}

impl Tokens {
    pub(crate) fn new(keys: SigningKeys) -> Self {
        hs256::install_provider();
        Self {
            keys,
            user_rules: rules_for(USER_AUDIENCE),
            operator_rules: rules_for(OPERATOR_AUDIENCE),
        }
    }

    pub(crate) fn issue(
        &self,
        user: Uuid,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<String> {
        self.sign(user, session.0, USER_AUDIENCE, now)
    }

    pub(crate) fn issue_operator(
        &self,
        operator: OperatorId,
        session: OperatorSessionId,
        now: DateTime<Utc>,
    ) -> Result<String> {
        self.sign(operator.0, session.0, OPERATOR_AUDIENCE, now)
    }

    /// Returns the session of a token.
    pub(super) fn verify(&self, token: &str) -> Result<Access<SessionId>> {
        let claims = self.decode_claims(token, &self.user_rules)?;
        Ok(Access {
            id: SessionId(claims.sid),
            expires_at: parse_time(claims.exp)?,
        })
    }

    pub(super) fn verify_operator(&self, token: &str) -> Result<Access<OperatorSessionId>> {
        let claims = self.decode_claims(token, &self.operator_rules)?;
        Ok(Access {
            id: OperatorSessionId(claims.sid),
            expires_at: parse_time(claims.exp)?,
        })
    }

    fn sign(
        &self,
        subject: Uuid,
        session: Uuid,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let claims = Claims {
            sub: subject,
            sid: session,
            aud: audience.to_owned(),
            iat: now.timestamp(),
            exp: (now + ACCESS_TOKEN_LIFETIME).timestamp(),
        };
        let key = self.keys.newest().ok_or_else(no_signing_key)?;
        let header = Header {
            kid: Some(key.id.clone()),
            ..Header::new(Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, &claims, &key.signing).map_err(Error::internal)
    }

    fn decode_claims(&self, token: &str, rules: &Validation) -> Result<Claims> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid_token())?;
        let key = header.kid.and_then(|id| self.keys.find(&id));
        let key = key.ok_or_else(invalid_token)?;
        jsonwebtoken::decode::<Claims>(token, &key.verifying, rules)
            .map(|data| data.claims)
            .map_err(|_| invalid_token())
    }
}

/// The expiry is validated by [`Access::require_unexpired`].
fn rules_for(audience: &str) -> Validation {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_audience(&[audience]);
    rules.set_required_spec_claims(&["exp", "aud", "sub"]);
    rules.validate_exp = false;
    rules
}

fn parse_time(seconds: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0).ok_or_else(invalid_token)
}

fn no_signing_key() -> Error {
    Error::internal("no signing key is configured")
}

fn invalid_token() -> Error {
    Error::new(ErrorCode::Unauthenticated, "the access token is not valid")
}

/// A new API key: the text that is shown once, its recognisable prefix, and the digest to store.
pub(crate) fn new_api_key() -> (String, String, [u8; 32]) {
    let (token, _) = crypto::random_token();
    let key = format!("{API_KEY_PREFIX}{token}");
    let prefix = key.chars().take(API_KEY_PREFIX.len() + 6).collect();
    let hash = crypto::hash_sha256(key.as_bytes());
    (key, prefix, hash)
}

/// Returns the digest of a bearer that has the form of an API key.
pub(super) fn hash_api_key(bearer: &str) -> Option<[u8; 32]> {
    bearer
        .starts_with(API_KEY_PREFIX)
        .then(|| crypto::hash_sha256(bearer.as_bytes()))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn tokens_signed_with(key: &str) -> Tokens {
        Tokens::new(format!("a:{key}").parse().unwrap())
    }

    fn at_second(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_token_names_its_session_and_expires_after_fifteen_minutes() {
        let tokens = tokens_signed_with("a key of the tests that is long enough");
        let session = SessionId::new();
        let token = tokens
            .issue(Uuid::now_v7(), session, at_second(1_000))
            .unwrap();
        let access = tokens.verify(&token).unwrap();
        assert_eq!(access.id, session);
        assert!(access.require_unexpired(at_second(1_000 + 899)).is_ok());
        assert!(access.require_unexpired(at_second(1_000 + 900)).is_err());
    }

    #[test]
    fn tokens_of_the_former_key_stay_valid_after_a_rotation() {
        let (old, new) = (
            "a:".to_owned() + &"o".repeat(32),
            "b:".to_owned() + &"n".repeat(32),
        );
        let tokens = |keys: String| Tokens::new(keys.parse().unwrap());
        let before = tokens(old.clone());
        let rotated = tokens(format!("{new},{old}"));
        let issue = |by: &Tokens| {
            by.issue(Uuid::now_v7(), SessionId::new(), at_second(0))
                .unwrap()
        };
        assert!(rotated.verify(&issue(&before)).is_ok());
        assert!(rotated.verify(&issue(&rotated)).is_ok());
        assert!(before.verify(&issue(&rotated)).is_err());
        assert!(tokens(new).verify(&issue(&before)).is_err());
    }

    #[test]
    fn tokens_of_another_key_audience_or_algorithm_are_rejected() {
        let ours = tokens_signed_with("a key of the tests that is long enough");
        let theirs = tokens_signed_with("another key that is as long as the first");
        let (user, session) = (Uuid::now_v7(), SessionId::new());
        assert!(
            ours.verify(&theirs.issue(user, session, at_second(0)).unwrap())
                .is_err()
        );
        assert!(
            ours.verify(
                &ours
                    .issue_operator(OperatorId::new(), OperatorSessionId::new(), at_second(0))
                    .unwrap()
            )
            .is_err()
        );
        assert!(
            ours.verify_operator(&ours.issue(user, session, at_second(0)).unwrap())
                .is_err()
        );

        let token = ours.issue(user, session, at_second(0)).unwrap();
        let claims = token.split('.').nth(1).unwrap();
        for header in [
            r#"{"alg":"none","typ":"JWT"}"#,
            r#"{"alg":"HS512","typ":"JWT"}"#,
            r#"{"alg":"HS512","typ":"JWT","kid":"a"}"#,
            r#"{"alg":"HS256","typ":"JWT"}"#,
            r#"{"alg":"HS256","typ":"JWT","kid":"b"}"#,
            r#"{"typ":"JWT","kid":"a"}"#,
        ] {
            let signature = token.rsplit('.').next().unwrap();
            for signature in ["", signature] {
                let forged = format!("{}.{claims}.{signature}", URL_SAFE_NO_PAD.encode(header));
                assert!(ours.verify(&forged).is_err(), "{header} {signature}");
            }
        }
    }
}
