//! Stripe's webhook.

use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use domain::billing::{self, NewEvent, Received};
use jobs::billing::ApplyEvent;
use platform::db;

use crate::App;
use crate::codes::ErrorCode;
use crate::error::{self, Error, Result};

/// Stores a signed event with its job in one transaction, then acknowledges it. An event that is
/// stored already is only acknowledged. Stripe resends after any other status than 2xx.
pub(super) async fn receive_event(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode> {
    let body = body.map_err(|rejection| error::from_status(rejection.status()))?;
    let signature = headers
        .get("stripe-signature")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let now = read_clock(&app).await?;
    let event = app
        .providers()
        .stripe
        .verify_event(&body, signature, now)
        .map_err(|invalid| Error::new(ErrorCode::BadRequest, invalid.to_string()))?;
    let new = NewEvent {
        id: &event.id,
        kind: &event.kind,
        body: &body,
        created_at: event.created,
    };
    let mut tx = app.db().begin_engine().await?;
    if billing::store_event(&mut tx, &new, now).await? == Received::New {
        let job = ApplyEvent { event: event.id };
        tx.enqueue(jobs::platform_job(&job)).await?;
        tx.commit().await?;
    }
    Ok(StatusCode::OK)
}

async fn read_clock(app: &App) -> Result<DateTime<Utc>> {
    let mut conn = app.db().app().acquire().await?;
    Ok(db::load_now(&mut conn).await?)
}
