//! Signing in and out, and the rotation of refresh tokens.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts as _, Request, State};
use axum::http::StatusCode;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::identity;
use domain::identity::companies::OwnCompany;
use domain::identity::sessions::{RevocationReason, Rotation, SignIn};
use platform::crypto::{hash_sha256, random_token};
use platform::db::{self, Scope};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::login::{count_login_attempt, invalid_credentials, verify_password};
use crate::App;
use crate::auth::{ACCESS_TOKEN_LIFETIME, Peer, Person};
use crate::codes::ErrorCode;
use crate::error::{self, Error, Result};
use crate::extract::{Form, Json as JsonBody, parse_json};

/// The password form of OAuth2. The fields that its clients add are accepted and ignored.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordForm {
    username: String,
    password: SecretString,
    grant_type: Option<String>,
    #[serde(rename = "scope")]
    _scope: Option<String>,
    #[serde(rename = "client_id")]
    _client_id: Option<String>,
    #[serde(rename = "client_secret")]
    _client_secret: Option<SecretString>,
}

/// Returns the normalised e-mail address. Rejects other grants than `password`.
pub(super) fn normalise_username(username: &str, grant_type: Option<&str>) -> Result<String> {
    if grant_type.is_some_and(|grant| grant != "password") {
        return Err(Error::invalid_field(
            "grant_type",
            "unsupported",
            "only the password grant is supported",
        ));
    }
    Ok(username.trim().to_lowercase())
}

/// Without `Debug`, because it holds secrets.
#[derive(Serialize)]
pub(super) struct TokenResponse {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    companies: Option<Vec<OwnCompany>>,
}

impl TokenResponse {
    pub(super) fn new(access_token: String) -> Self {
        Self {
            access_token,
            refresh_token: None,
            token_type: "bearer",
            expires_in: ACCESS_TOKEN_LIFETIME.num_seconds(),
            companies: None,
        }
    }
}

pub(super) async fn create_token(
    State(app): State<App>,
    peer: Peer,
    Form(form): Form<PasswordForm>,
) -> Result<Json<TokenResponse>> {
    let email = normalise_username(&form.username, form.grant_type.as_deref())?;
    let now = count_login_attempt(&app, &email, peer).await?;
    let stored = {
        let mut conn = app.db().app().acquire().await?;
        identity::accounts::find_credentials(&mut conn, &email).await?
    };
    let credentials = verify_password(&app, form.password, stored).await?;
    let (refresh_token, token_hash) = random_token();
    let sign_in = SignIn {
        user: credentials.id,
        email: &email,
        network: &peer.rate_limit_key(),
        password_hash: &credentials.password_hash,
        token_hash: &token_hash,
    };
    respond_signed_in(&app, sign_in, refresh_token, now).await
}

/// Opens the session and responds with its tokens.
async fn respond_signed_in(
    app: &App,
    sign_in: SignIn<'_>,
    refresh_token: String,
    now: DateTime<Utc>,
) -> Result<Json<TokenResponse>> {
    let user = sign_in.user;
    let mut tx = app.db().begin(Scope::user(user)).await?;
    let session = identity::sessions::sign_in(&mut tx, sign_in, now)
        .await?
        .ok_or_else(invalid_credentials)?;
    let companies = identity::companies::list_own_companies(&mut tx, user).await?;
    tx.commit().await?;
    Ok(Json(TokenResponse {
        refresh_token: Some(refresh_token),
        companies: Some(companies),
        ..TokenResponse::new(app.tokens().issue(user.0, session, now)?)
    }))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshToken {
    refresh_token: SecretString,
}

/// Exchanges a refresh token for the next one. A token that is used twice ends its session.
pub(super) async fn refresh_token(
    State(app): State<App>,
    JsonBody(body): JsonBody<RefreshToken>,
) -> Result<Json<TokenResponse>> {
    let hash = hash_sha256(body.refresh_token.expose_secret().as_bytes());
    let stored = {
        let mut conn = app.db().app().acquire().await?;
        identity::sessions::find_refresh_token(&mut conn, &hash).await?
    };
    let token = stored
        .filter(|token| token.session_open)
        .ok_or_else(invalid_refresh_token)?;
    let (user, session) = (token.user, token.session);

    let (next, next_hash) = random_token();
    let mut tx = app.db().begin(Scope::user(user)).await?;
    let now = db::load_now(&mut tx).await?;
    let rotation =
        identity::sessions::rotate_refresh_token(&mut tx, token, (&hash, &next_hash), now).await?;
    tx.commit().await?;
    if rotation == Rotation::Reused {
        tracing::warn!(user_id = %user, session_id = %session, "refresh token reused");
        return Err(invalid_refresh_token());
    }
    let access_token = app.tokens().issue(user.0, session, now)?;
    Ok(Json(TokenResponse {
        refresh_token: Some(next),
        ..TokenResponse::new(access_token)
    }))
}

fn invalid_refresh_token() -> Error {
    Error::new(
        ErrorCode::Unauthenticated,
        "the refresh token is no longer valid; sign in again",
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignOut {
    refresh_token: Option<SecretString>,
}

/// Signs out: of the session of the refresh token, or else of the request's own. A token that opens
/// no session has nothing left to end.
pub(super) async fn sign_out(
    State(app): State<App>,
    credential: SignOutCredential,
) -> Result<StatusCode> {
    let (user, session) = match credential {
        SignOutCredential::Person(person) => (person.user, person.session),
        SignOutCredential::RefreshToken(token) => {
            let hash = hash_sha256(token.expose_secret().as_bytes());
            let mut conn = app.db().app().acquire().await?;
            match identity::sessions::find_refresh_token(&mut conn, &hash).await? {
                Some(token) => (token.user, token.session),
                None => return Ok(StatusCode::NO_CONTENT),
            }
        }
    };
    let mut tx = app.db().begin(Scope::user(user)).await?;
    let now = db::load_now(&mut tx).await?;
    identity::sessions::revoke_session(&mut tx, session, RevocationReason::Logout, now).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a sign-out names its session by. A refresh token is enough, because the access token may
/// have expired.
pub(super) enum SignOutCredential {
    RefreshToken(SecretString),
    Person(Person),
}

impl FromRequest<App> for SignOutCredential {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::new(body), app)
            .await
            .map_err(|rejection| error::from_status(rejection.status()))?;
        let sent = if bytes.is_empty() {
            SignOut::default()
        } else {
            parse_json(&bytes)?
        };
        match sent.refresh_token {
            Some(token) => Ok(Self::RefreshToken(token)),
            None => Person::from_request_parts(&mut parts, app)
                .await
                .map(Self::Person),
        }
    }
}
