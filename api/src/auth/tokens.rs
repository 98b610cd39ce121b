//! Access tokens: JSON Web Tokens of 15 minutes, HS256 and nothing else. They say who; whether the
//! session is still open, and what its user may, the database is asked at each request. API keys are
//! opaque.

use chrono::{DateTime, TimeDelta, Utc};
use domain::identity::operators::OperatorId;
use domain::identity::sessions::SessionId;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use platform::crypto;
use platform::ids::Uuid;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::hs256;
use crate::codes::ErrorCode;
use crate::error::{Error, Result};

pub(crate) const ACCESS_LIFE: TimeDelta = TimeDelta::minutes(15);
const PEOPLE: &str = "vigie";
const OPERATORS: &str = "vigie-operator";
const KEY_PREFIX: &str = "vgk_";

/// Makes and checks access tokens.
pub(crate) struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    people: Validation,
    operators: Validation,
}

/// What a token that is rightly signed says. Its time is checked by the database's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access<Id> {
    pub(crate) id: Id,
    pub(crate) expires_at: DateTime<Utc>,
}

impl<Id> Access<Id> {
    pub(crate) fn check_time(&self, now: DateTime<Utc>) -> Result<()> {
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    aud: String,
    iat: i64,
    exp: i64,
}

impl Tokens {
    pub(crate) fn new(key: &SecretString) -> Self {
        hs256::install();
        let key = key.expose_secret().as_bytes();
        Self {
            signing: EncodingKey::from_secret(key),
            verifying: DecodingKey::from_secret(key),
            people: validation(PEOPLE),
            operators: validation(OPERATORS),
        }
    }

    pub(crate) fn issue(
        &self,
        user: Uuid,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<String> {
        self.sign(user, Some(session.0), PEOPLE, now)
    }

    pub(crate) fn issue_operator(
        &self,
        operator: OperatorId,
        now: DateTime<Utc>,
    ) -> Result<String> {
        self.sign(operator.0, None, OPERATORS, now)
    }

    /// The session that a token is of.
    pub(crate) fn read(&self, token: &str) -> Result<Access<SessionId>> {
        let claims = self.verify(token, &self.people)?;
        let session = claims.sid.ok_or_else(not_a_token)?;
        Ok(Access {
            id: SessionId(session),
            expires_at: time(claims.exp)?,
        })
    }

    pub(crate) fn read_operator(&self, token: &str) -> Result<Access<OperatorId>> {
        let claims = self.verify(token, &self.operators)?;
        Ok(Access {
            id: OperatorId(claims.sub),
            expires_at: time(claims.exp)?,
        })
    }

    fn sign(
        &self,
        subject: Uuid,
        session: Option<Uuid>,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<String> {
        let claims = Claims {
            sub: subject,
            sid: session,
            aud: audience.to_owned(),
            iat: now.timestamp(),
            exp: (now + ACCESS_LIFE).timestamp(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(Error::internal)
    }

    fn verify(&self, token: &str, validation: &Validation) -> Result<Claims> {
        jsonwebtoken::decode::<Claims>(token, &self.verifying, validation)
            .map(|data| data.claims)
            .map_err(|_| not_a_token())
    }
}

/// The time isn't checked here but by [`Access::check_time`].
fn validation(audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    validation.validate_exp = false;
    validation
}

fn time(seconds: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0).ok_or_else(not_a_token)
}

fn not_a_token() -> Error {
    Error::new(ErrorCode::Unauthenticated, "the access token is not valid")
}

/// A fresh API key: the text to show once, its recognisable beginning, and the digest to keep.
pub(crate) fn new_api_key() -> (String, String, [u8; 32]) {
    let (token, _) = crypto::random_token();
    let key = format!("{KEY_PREFIX}{token}");
    let prefix = key.chars().take(KEY_PREFIX.len() + 6).collect();
    let hash = crypto::sha256(key.as_bytes());
    (key, prefix, hash)
}

/// The digest of what looks like an API key.
pub(crate) fn api_key_hash(bearer: &str) -> Option<[u8; 32]> {
    bearer
        .starts_with(KEY_PREFIX)
        .then(|| crypto::sha256(bearer.as_bytes()))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    fn tokens(key: &str) -> Tokens {
        Tokens::new(&key.to_owned().into())
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_token_says_its_session_and_ends_after_fifteen_minutes() {
        let tokens = tokens("a key of the tests, long enough for it");
        let session = SessionId::new();
        let token = tokens.issue(Uuid::now_v7(), session, at(1_000)).unwrap();
        let access = tokens.read(&token).unwrap();
        assert_eq!(access.id, session);
        assert!(access.check_time(at(1_000 + 899)).is_ok());
        assert!(access.check_time(at(1_000 + 900)).is_err());
    }

    #[test]
    fn tokens_of_another_key_audience_or_algorithm_are_refused() {
        let ours = tokens("a key of the tests, long enough for it");
        let theirs = tokens("another key that is as long as the first");
        let (user, session) = (Uuid::now_v7(), SessionId::new());
        assert!(
            ours.read(&theirs.issue(user, session, at(0)).unwrap())
                .is_err()
        );
        assert!(
            ours.read(&ours.issue_operator(OperatorId::new(), at(0)).unwrap())
                .is_err()
        );
        assert!(
            ours.read_operator(&ours.issue(user, session, at(0)).unwrap())
                .is_err()
        );

        let token = ours.issue(user, session, at(0)).unwrap();
        let claims = token.split('.').nth(1).unwrap();
        for header in [
            r#"{"alg":"none","typ":"JWT"}"#,
            r#"{"alg":"HS512","typ":"JWT"}"#,
            r#"{"typ":"JWT"}"#,
        ] {
            let signature = token.rsplit('.').next().unwrap();
            for signature in ["", signature] {
                let forged = format!("{}.{claims}.{signature}", URL_SAFE_NO_PAD.encode(header));
                assert!(ours.read(&forged).is_err(), "{header} {signature}");
            }
        }
    }
}
