//! Alert rules and their recipients, alerts, and what people do to them.

mod actions;
mod alert_list;
mod recipients;
mod rules;
mod timeline;

use axum::Router;
use axum::routing::{delete, get, post};

use crate::App;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route(
            "/alert-rules",
            get(rules::list_rules).post(rules::create_rule),
        )
        .route(
            "/alert-rules/{id}",
            get(rules::show_rule)
                .patch(rules::update_rule)
                .delete(rules::archive_rule),
        )
        .route(
            "/alert-recipients",
            get(recipients::list_recipients).post(recipients::create_recipient),
        )
        .route(
            "/alert-recipients/{id}/confirm",
            post(recipients::confirm_recipient),
        )
        .route(
            "/alert-recipients/{id}",
            delete(recipients::withdraw_recipient),
        )
        .route("/alerts/evaluations", post(actions::evaluate_alerts))
        .route("/alerts", get(alert_list::list_alerts))
        .route("/alerts/{id}", get(alert_list::show_alert))
        .route("/alerts/{id}/timeline", get(timeline::show_timeline))
        .route("/alerts/{id}/acknowledge", post(actions::acknowledge_alert))
        .route("/alerts/{id}/snooze", post(actions::snooze_alert))
        .route("/alerts/{id}/resolve", post(actions::resolve_alert))
}
