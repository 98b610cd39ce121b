//! Alert rules, alerts and what people do to them.

mod alert;
mod rule;

use axum::Router;
use axum::routing::{get, post};

use crate::App;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/alert-rules", get(rule::list).post(rule::create))
        .route(
            "/alert-rules/{id}",
            get(rule::show).patch(rule::change).delete(rule::archive),
        )
        .route("/alerts/evaluations", post(alert::evaluate))
        .route("/alerts", get(alert::list))
        .route("/alerts/{id}", get(alert::show))
        .route("/alerts/{id}/timeline", get(alert::timeline))
        .route("/alerts/{id}/acknowledge", post(alert::acknowledge))
        .route("/alerts/{id}/snooze", post(alert::snooze))
        .route("/alerts/{id}/resolve", post(alert::resolve))
}
