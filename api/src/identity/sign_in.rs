//! Signing in and out, and the rotation of refresh tokens.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use domain::identity;
use domain::identity::accounts::Credentials;
use domain::identity::attempts::Attempts;
use domain::identity::companies::OwnCompany;
use domain::identity::sessions::{RevocationReason, Rotation, SessionId};
use platform::crypto::{random_token, sha256};
use platform::db::{self, Scope};
use platform::ids::UserId;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::auth::{ACCESS_LIFE, Peer, Person};
use crate::codes::ErrorCode;
use crate::error::{Error, Result};
use crate::extract::{Form, Json};

/// The OAuth2 password form; what its clients add beside is read and ignored.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordForm {
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

#[derive(Debug, Serialize)]
pub(crate) struct TokenAnswer {
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

impl TokenAnswer {
    fn new(access_token: String) -> Self {
        Self {
            access_token,
            refresh_token: None,
            token_type: "bearer",
            expires_in: ACCESS_LIFE.num_seconds(),
            must_change_password: None,
            companies: None,
        }
    }
}

pub(crate) async fn create_token(
    State(app): State<App>,
    peer: Peer,
    Form(form): Form<PasswordForm>,
) -> Result<axum::Json<TokenAnswer>> {
    let email = check_form(&form)?;
    let now = count_login(&app, &email, peer).await?;
    let known = {
        let mut conn = app.db().app().acquire().await?;
        identity::accounts::find_credentials(&mut conn, &email).await?
    };
    let Credentials {
        id: user,
        password_hash,
        ..
    } = verify(&app, form.password, known).await?;

    let (refresh_token, hash) = random_token();
    let mut tx = app.db().begin(Scope::user(user)).await?;
    // A reset that came while the password was verified has ended the sessions there were: this is none of them.
    if !identity::accounts::lock_current_password(&mut tx, user, &password_hash).await? {
        return Err(wrong_credentials());
    }
    identity::attempts::record_login_success(&mut tx, &email, &peer.key()).await?;
    let session = identity::sessions::open_session(&mut tx, user, &hash, now).await?;
    let profile = identity::accounts::require_user(&mut tx, user).await?;
    let companies = identity::companies::list_own_companies(&mut tx, user).await?;
    tx.commit().await?;
    Ok(axum::Json(TokenAnswer {
        refresh_token: Some(refresh_token),
        must_change_password: Some(profile.must_change_password),
        companies: Some(companies),
        ..TokenAnswer::new(app.tokens().issue(user.0, session, now)?)
    }))
}

pub(crate) async fn create_operator_token(
    State(app): State<App>,
    peer: Peer,
    Form(form): Form<PasswordForm>,
) -> Result<axum::Json<TokenAnswer>> {
    let email = check_form(&form)?;
    let account = format!("operator:{email}");
    let now = count_login(&app, &account, peer).await?;
    let mut conn = app.db().app().acquire().await?;
    let known = identity::operators::find_operator_credentials(&mut conn, &email).await?;
    let operator = verify(&app, form.password, known).await?.id;
    identity::attempts::record_login_success(&mut conn, &account, &peer.key()).await?;
    Ok(axum::Json(TokenAnswer::new(
        app.tokens().issue_operator(operator, now)?,
    )))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshBody {
    refresh_token: String,
}

pub(crate) async fn refresh(
    State(app): State<App>,
    Json(body): Json<RefreshBody>,
) -> Result<axum::Json<TokenAnswer>> {
    let presented = sha256(body.refresh_token.as_bytes());
    let known = {
        let mut conn = app.db().app().acquire().await?;
        identity::sessions::find_refresh_token(&mut conn, &presented).await?
    };
    let token = known
        .filter(|token| token.session_open)
        .ok_or_else(not_refreshable)?;

    let (next, next_hash) = random_token();
    let mut tx = app.db().begin(Scope::user(token.user)).await?;
    let now = db::now(&mut tx).await?;
    let rotation =
        identity::sessions::rotate_refresh_token(&mut tx, token, (&presented, &next_hash), now)
            .await?;
    tx.commit().await?;
    if rotation == Rotation::Reused {
        tracing::warn!(user_id = %token.user, session_id = %token.session, "a used refresh token came back");
        return Err(not_refreshable());
    }
    let access = access_token(&app, token.user, token.session, now)?;
    Ok(axum::Json(TokenAnswer {
        refresh_token: Some(next),
        ..TokenAnswer::new(access)
    }))
}

pub(crate) async fn logout(State(app): State<App>, person: Person) -> Result<StatusCode> {
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

fn access_token(app: &App, user: UserId, session: SessionId, now: DateTime<Utc>) -> Result<String> {
    app.tokens().issue(user.0, session, now)
}

fn check_form(form: &PasswordForm) -> Result<String> {
    if form
        .grant_type
        .as_deref()
        .is_some_and(|grant| grant != "password")
    {
        return Err(Error::invalid_field(
            "grant_type",
            "unsupported",
            "only the password grant is supported",
        ));
    }
    Ok(form.username.trim().to_lowercase())
}

/// Counts the try before it is judged; gives the time.
pub(crate) async fn count_login(app: &App, account: &str, peer: Peer) -> Result<DateTime<Utc>> {
    let mut conn = app.db().app().acquire().await?;
    let attempts = identity::attempts::count_login_attempt(&mut conn, account, &peer.key()).await?;
    let now = db::now(&mut conn).await?;
    refuse_too_many(attempts, now)?;
    Ok(now)
}

pub(crate) fn refuse_too_many(attempts: Attempts, now: DateTime<Utc>) -> Result<()> {
    match attempts {
        Attempts::Allowed => Ok(()),
        Attempts::Rejected { until } => {
            let seconds = (until - now).num_seconds();
            Err(Error::rate_limited(
                "too many tries; wait",
                u64::try_from(seconds).unwrap_or(1),
            ))
        }
    }
}

/// The same answer in the same time, whether the account exists, is closed, or the password is wrong.
pub(crate) async fn verify<Id>(
    app: &App,
    password: String,
    known: Option<Credentials<Id>>,
) -> Result<Credentials<Id>> {
    let hash = known.as_ref().map(|k| k.password_hash.clone());
    let matches = app.passwords().verify(password, hash).await?;
    known
        .filter(|k| matches && k.active)
        .ok_or_else(wrong_credentials)
}

fn wrong_credentials() -> Error {
    Error::new(
        ErrorCode::InvalidCredentials,
        "wrong e-mail address or password",
    )
}

fn not_refreshable() -> Error {
    Error::new(
        ErrorCode::Unauthenticated,
        "the refresh token is no longer valid; sign in again",
    )
}
