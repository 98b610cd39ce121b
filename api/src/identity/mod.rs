//! Routes of companies, people and the ways in.

mod account;
mod api_keys;
mod companies;
mod invitations;
mod members;
mod password;
mod sign_in;

use axum::Router;
use axum::routing::{delete, get, patch, post};

use crate::App;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/auth/register", post(account::register))
        .route("/auth/token", post(sign_in::create_token))
        .route("/auth/operator-token", post(sign_in::create_operator_token))
        .route("/auth/refresh", post(sign_in::refresh))
        .route("/auth/logout", post(sign_in::logout))
        .route("/auth/me", get(account::show).patch(account::change))
        .route("/auth/password", post(password::change))
        .route("/auth/password-reset", post(password::request_reset))
        .route(
            "/auth/password-reset/confirm",
            post(password::confirm_reset),
        )
        .route("/companies", post(companies::create))
        .route(
            "/companies/{id}",
            get(companies::show).patch(companies::change),
        )
        .route(
            "/companies/{id}/members",
            get(members::list).post(members::create),
        )
        .route(
            "/companies/{id}/members/{user_id}",
            patch(members::change).delete(members::remove),
        )
        .route("/companies/{id}/invitations", post(invitations::create))
        .route("/invitations/accept", post(invitations::accept))
        .route("/api-keys", get(api_keys::list).post(api_keys::create))
        .route("/api-keys/{id}", delete(api_keys::revoke))
}
