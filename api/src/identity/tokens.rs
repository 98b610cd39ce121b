//! Signing in and out, and the rotation of refresh tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use domain::identity;
use domain::identity::companies::OwnCompany;
use domain::identity::sessions::{RevocationReason, Rotation, SignIn};
use platform::crypto::{hash_sha256, random_token};
use platform::db::{self, Scope};
use serde::{Deserialize, Serialize};

use super::login::{count_login_attempt, invalid_credentials, verify_password};
use crate::App;
use crate::auth::{ACCESS_TOKEN_LIFETIME, Peer, Person};
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::{Form, Json as JsonBody};

/// The password form of OAuth2. The fields that its clients add are accepted and ignored.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordForm {
    username: String,
    password: String,
    grant_type: Option<String>,
    #[serde(rename = "scope")]
    _scope: Option<String>,
    #[serde(rename = "client_id")]
    _client_id: Option<String>,
    #[serde(rename = "client_secret")]
    _client_secret: Option<String>,
}

impl PasswordForm {
    /// The normalised e-mail address. Rejects other grants than `password`.
    fn validate_email(&self) -> Result<String> {
        let grant = self.grant_type.as_deref();
        if grant.is_some_and(|grant| grant != "password") {
            return Err(Error::invalid_field(
                "grant_type",
                "unsupported",
                "only the password grant is supported",
            ));
        }
        Ok(self.username.trim().to_lowercase())
    }
}

#[derive(Debug, Serialize)]
pub(super) struct TokenResponse {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    must_change_password: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    companies: Option<Vec<OwnCompany>>,
}

impl TokenResponse {
    fn new(access_token: String) -> Self {
        Self {
            access_token,
            refresh_token: None,
            token_type: "bearer",
            expires_in: ACCESS_TOKEN_LIFETIME.num_seconds(),
            must_change_password: None,
            companies: None,
        }
    }
}

pub(super) async fn create_token(
    State(app): State<App>,
    peer: Peer,
    Form(form): Form<PasswordForm>,
) -> Result<Json<TokenResponse>> {
    let email = form.validate_email()?;
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
        address: &peer.rate_limit_key(),
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
    let profile = identity::accounts::require_user(&mut tx, user).await?;
    let companies = identity::companies::list_own_companies(&mut tx, user).await?;
    tx.commit().await?;
    Ok(Json(TokenResponse {
        refresh_token: Some(refresh_token),
        must_change_password: Some(profile.must_change_password),
        companies: Some(companies),
        ..TokenResponse::new(app.tokens().issue(user.0, session, now)?)
    }))
}

pub(super) async fn create_operator_token(
    State(app): State<App>,
    peer: Peer,
    Form(form): Form<PasswordForm>,
) -> Result<Json<TokenResponse>> {
    let email = form.validate_email()?;
    let account = format!("operator:{email}");
    let now = count_login_attempt(&app, &account, peer).await?;
    let mut conn = app.db().app().acquire().await?;
    let stored = identity::operators::find_operator_credentials(&mut conn, &email).await?;
    let operator = verify_password(&app, form.password, stored).await?.id;
    identity::attempts::record_login_success(&mut conn, &account, &peer.rate_limit_key()).await?;
    let access_token = app.tokens().issue_operator(operator, now)?;
    Ok(Json(TokenResponse::new(access_token)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefreshToken {
    refresh_token: String,
}

/// Exchanges a refresh token for the next one. A token that is used twice ends its session.
pub(super) async fn refresh_token(
    State(app): State<App>,
    JsonBody(body): JsonBody<RefreshToken>,
) -> Result<Json<TokenResponse>> {
    let hash = hash_sha256(body.refresh_token.as_bytes());
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

/// Signs out of the session of the request.
pub(super) async fn revoke_session(State(app): State<App>, person: Person) -> Result<StatusCode> {
    let mut tx = person.begin(&app).await?;
    identity::sessions::revoke_session(
        &mut tx,
        person.session,
        RevocationReason::Logout,
        person.now,
    )
    .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
