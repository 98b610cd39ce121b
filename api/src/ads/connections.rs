//! Connections to Meta.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ads::{self, AccountId, ConnectionId, FoundAccount};
use jobs::ads::RefreshAccount;
use platform::db::Tx;
use providers::meta::{AdAccount, LongLivedToken};
use providers::{Class, ProviderError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::{Json as JsonBody, Path};

/// Without `Debug`, because it holds a secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectMeta {
    /// The short-lived token of Meta's sign-in. It is exchanged at once and never stored.
    access_token: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ConnectionResponse {
    id: ConnectionId,
    expires_at: Option<DateTime<Utc>>,
    ad_accounts: Vec<AccountId>,
}

/// Connects the caller's Meta user and refreshes its ad accounts. A person has one connection, so
/// that connecting again replaces the token.
pub(super) async fn connect_meta(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<ConnectMeta>,
) -> Result<(StatusCode, Json<ConnectionResponse>)> {
    let meta = &app.providers().meta;
    let short_lived = SecretString::from(body.access_token);
    let token = meta
        .exchange_token(&short_lived)
        .await
        .map_err(token_error)?;
    let found = meta
        .list_ad_accounts(&token.token)
        .await
        .map_err(token_error)?;
    let mut tx = caller.begin(&app).await?;
    let connection = save_connection(&mut tx, &app, &caller, &token, found).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(connection)))
}

async fn save_connection(
    tx: &mut Tx,
    app: &App,
    caller: &Caller,
    token: &LongLivedToken,
    found: Vec<AdAccount>,
) -> Result<ConnectionResponse> {
    let (company, user, now) = (caller.company, caller.user, caller.now);
    let context = ads::connection_context(company, user);
    let sealed = app
        .keyring()
        .seal(&context, token.token.expose_secret().as_bytes());
    let lifetime = token
        .lifetime
        .and_then(|life| TimeDelta::from_std(life).ok());
    let expires_at = lifetime.and_then(|life| now.checked_add_signed(life));
    let found: Vec<FoundAccount> = found.into_iter().map(found_account).collect();

    let id = ads::save_connection(tx, company, user, &sealed, expires_at, now).await?;
    let ad_accounts = ads::save_accounts(tx, company, id, &found, now).await?;
    let refreshes = ad_accounts.iter().map(|account_id| {
        let refresh = RefreshAccount {
            account_id: *account_id,
        };
        jobs::company_job(company, &refresh).by(user)
    });
    tx.enqueue_all(refreshes.collect()).await?;
    let (subject, details) = (
        ("ad_connection", id),
        json!({"ad_accounts": ad_accounts.len()}),
    );
    caller
        .record_act(tx, "ads.connect", subject, details)
        .await?;
    Ok(ConnectionResponse {
        id,
        expires_at,
        ad_accounts,
    })
}

fn found_account(account: AdAccount) -> FoundAccount {
    FoundAccount {
        external_id: account.id,
        name: account.name,
        timezone: account.timezone_name,
        currency: account.currency,
    }
}

/// The token is the caller's input, so that its rejection is the caller's error.
fn token_error(error: ProviderError) -> Error {
    match error.class {
        Class::NeedsReauth | Class::Permanent | Class::Misconfigured => {
            Error::invalid_field("access_token", "refused", "Meta rejected the token")
        }
        Class::Retry
        | Class::RateLimited
        | Class::Unknown
        | Class::Recipient
        | Class::Unreachable
        | Class::WindowClosed
        | Class::TooMuchData
        | Class::Expired
        | Class::AlreadyDone => error.into(),
    }
}

/// Deletes the token; published figures stay readable.
pub(super) async fn disconnect_meta(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConnectionId>,
) -> Result<StatusCode> {
    let mut tx = caller.begin(&app).await?;
    ads::end_connection(&mut tx, id, caller.now).await?;
    let subject = ("ad_connection", id);
    caller
        .record_act(&mut tx, "ads.disconnect", subject, json!({}))
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
