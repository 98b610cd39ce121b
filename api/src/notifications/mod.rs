//! Messages, suppressions, and what Twilio and Brevo tell us.

mod message;
mod suppression;
mod webhook;

use axum::Router;
use axum::routing::{delete, get, post};

use crate::App;

pub(crate) use message::MessageBody;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/messages", get(message::list))
        .route("/messages/{id}", get(message::show))
        .route("/messages/{id}/retry", post(message::retry))
        .route(
            "/suppressions",
            get(suppression::list).post(suppression::create),
        )
        .route("/suppressions/{id}", delete(suppression::lift))
        .route("/webhooks/twilio/status", post(webhook::twilio_status))
        .route("/webhooks/twilio/inbound", post(webhook::twilio_inbound))
        .route("/webhooks/brevo/{token}", post(webhook::brevo))
}
