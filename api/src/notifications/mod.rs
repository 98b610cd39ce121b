//! Messages, suppressions, and the webhooks of Twilio and Brevo.

mod brevo_webhook;
mod messages;
mod suppressions;
mod twilio_webhooks;

use axum::Router;
use axum::routing::{delete, get, post};

use crate::App;

pub(crate) use messages::MessageResponse;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/messages", get(messages::list_messages))
        .route("/messages/{id}", get(messages::show_message))
        .route("/messages/{id}/retry", post(messages::retry_message))
        .route(
            "/suppressions",
            get(suppressions::list_suppressions).post(suppressions::create_suppression),
        )
        .route("/suppressions/{id}", delete(suppressions::lift_suppression))
        .route(
            "/webhooks/twilio/status",
            post(twilio_webhooks::receive_status),
        )
        .route(
            "/webhooks/twilio/inbound",
            post(twilio_webhooks::receive_inbound),
        )
        .route(
            "/webhooks/brevo/{token}",
            post(brevo_webhook::receive_events),
        )
}
