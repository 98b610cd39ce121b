//! Connections to Meta, ad accounts, their refreshes and figures.

use axum::Router;
use axum::extract::State;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ads::{self, AccountId, AccountView, ConnectionId, FoundAccount, PERIOD_DAYS};
use domain::identity::Role;
use platform::ids::Uuid;
use providers::meta::{AdAccount, LongLivedToken};
use providers::{Class, ProviderError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::{Json, Path, Query};
use crate::idempotency::{Key, Outcome};
use crate::jobs::enqueued_body;
use crate::pagination::{List, Page};

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/ads/connections", post(connect))
        .route("/ads/connections/{id}", delete(disconnect))
        .route("/ad-accounts", get(list_accounts))
        .route("/ad-accounts/{id}/refresh", post(refresh))
        .route("/ad-accounts/{id}/data", get(show_data))
}

/// Without `Debug`: it holds a secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConnectBody {
    /// Short-lived, as Meta's sign-in gives it to a page; exchanged at once and never stored.
    access_token: String,
}

#[derive(Debug, Serialize)]
struct ConnectionView {
    id: ConnectionId,
    expires_at: Option<DateTime<Utc>>,
    ad_accounts: Vec<AccountId>,
}

/// Connects the caller's Meta user: one connection per person, so that a second time replaces the
/// token. Its ad accounts are refreshed at once.
async fn connect(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ConnectBody>,
) -> Result<Response> {
    caller.require(Role::Admin)?;
    let meta = &app.providers().meta;
    let granted = meta
        .exchange_token(&SecretString::from(body.access_token))
        .await
        .map_err(refused_token)?;
    let found = meta
        .list_ad_accounts(&granted.token)
        .await
        .map_err(refused_token)?;
    let view = save(&app, &caller, &granted, found).await?;
    Ok((StatusCode::CREATED, axum::Json(view)).into_response())
}

async fn save(
    app: &App,
    caller: &Caller,
    granted: &LongLivedToken,
    found: Vec<AdAccount>,
) -> Result<ConnectionView> {
    let context = ads::connection_context(caller.company, caller.user);
    let sealed = app
        .keyring()
        .seal(&context, granted.token.expose_secret().as_bytes());
    let lifetime = granted
        .lifetime
        .and_then(|life| TimeDelta::from_std(life).ok());
    let expires_at = lifetime.and_then(|life| caller.now.checked_add_signed(life));
    let found: Vec<FoundAccount> = found.into_iter().map(found_account).collect();
    let mut tx = caller.begin(app).await?;
    let id = ads::save_connection(
        &mut tx,
        caller.company,
        caller.user,
        &sealed,
        expires_at,
        caller.now,
    )
    .await?;
    let ad_accounts = ads::save_accounts(&mut tx, caller.company, id, &found, caller.now).await?;
    let refreshes = ad_accounts.iter().map(|account_id| {
        job(
            caller,
            &jobs::ads::RefreshAccount {
                account_id: *account_id,
            },
        )
    });
    tx.enqueue_all(refreshes.collect()).await?;
    let details = json!({"ad_accounts": ad_accounts.len()});
    caller
        .audit(
            &mut tx,
            "ads.connect",
            ("ad_connection", Some(id.0)),
            details,
        )
        .await?;
    tx.commit().await?;
    Ok(ConnectionView {
        id,
        expires_at,
        ad_accounts,
    })
}

fn job(caller: &Caller, refresh: &jobs::ads::RefreshAccount) -> platform::queue::NewJob {
    jobs::job(caller.company, refresh).by(caller.user)
}

fn found_account(account: AdAccount) -> FoundAccount {
    let AdAccount {
        id,
        name,
        currency,
        timezone_name,
        ..
    } = account;
    FoundAccount {
        external_id: id,
        name,
        timezone: timezone_name,
        currency,
    }
}

fn refused_token(refused: ProviderError) -> Error {
    match refused.class {
        Class::NeedsReauth | Class::Permanent | Class::Misconfigured => {
            Error::invalid_field("access_token", "refused", "Meta doesn't accept the token")
        }
        _ => refused.into(),
    }
}

/// Forgets the token; what was published stays readable.
async fn disconnect(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ConnectionId>,
) -> Result<StatusCode> {
    caller.require(Role::Admin)?;
    let mut tx = caller.begin(&app).await?;
    ads::end_connection(&mut tx, id, caller.now).await?;
    caller
        .audit(
            &mut tx,
            "ads.disconnect",
            ("ad_connection", Some(id.0)),
            json!({}),
        )
        .await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list_accounts(
    State(app): State<App>,
    caller: Caller,
    page: Page,
) -> Result<axum::Json<List<AccountView>>> {
    let mut tx = caller.begin(&app).await?;
    let accounts = ads::list_accounts(&mut tx, page.after::<Uuid>()?, page.rows()).await?;
    Ok(axum::Json(List::cut(accounts, &page, |account| {
        account.id.0
    })))
}

/// One refresh of an account at a time: a second wish gets the job that is there.
async fn refresh(
    State(app): State<App>,
    caller: Caller,
    key: Key,
    Path(id): Path<AccountId>,
) -> Result<Response> {
    caller.require(Role::Member)?;
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            ads::require_account(&mut tx, id).await?;
            let job = tx
                .enqueue(job(&caller, &jobs::ads::RefreshAccount { account_id: id }))
                .await?
                .id();
            key.settle(&mut tx, &caller, Outcome::job(job)).await?
        }
    };
    tx.commit().await?;
    Ok(outcome.respond(&enqueued_body(outcome.id()?)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DataQuery {
    /// One or more lengths in days, separated by commas; all of them when left out.
    period: Option<String>,
}

async fn show_data(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<AccountId>,
    Query(query): Query<DataQuery>,
    headers: HeaderMap,
) -> Result<Response> {
    let lengths = lengths(query.period.as_deref())?;
    let mut tx = caller.begin(&app).await?;
    let summary = ads::summarize_account(&mut tx, id, &lengths).await?;
    let etag = format!("\"{}\"", summary.version);
    if headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == etag.as_bytes())
    {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response());
    }
    Ok(([(ETAG, etag)], axum::Json(summary)).into_response())
}

fn lengths(text: Option<&str>) -> Result<Vec<i32>> {
    let Some(text) = text else {
        return Ok(PERIOD_DAYS.to_vec());
    };
    let known = |part: &str| {
        part.trim()
            .parse()
            .ok()
            .filter(|days| PERIOD_DAYS.contains(days))
    };
    text.split(',')
        .map(|part| {
            known(part)
                .ok_or_else(|| Error::invalid_field("period", "out_of_range", "3, 7, 14, 30 or 90"))
        })
        .collect()
}
