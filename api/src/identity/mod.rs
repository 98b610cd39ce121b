//! Routes of companies, people, and authentication.

mod acceptance;
mod accounts;
mod api_keys;
mod companies;
mod invitations;
mod login;
mod members;
mod operators;
mod password_change;
mod password_reset;
mod registration;
mod tokens;

pub(crate) use login::require_allowed;

use axum::Router;
use axum::routing::{delete, get, patch, post};

use crate::App;

pub(crate) fn router() -> Router<App> {
    auth_routes().merge(company_routes())
}

fn auth_routes() -> Router<App> {
    Router::new()
        .route("/auth/register", post(registration::register_account))
        .route(
            "/auth/register/confirm",
            post(registration::confirm_registration),
        )
        .route("/auth/token", post(tokens::create_token))
        .route(
            "/auth/operator-token",
            post(operators::create_operator_token),
        )
        .route("/auth/operator-logout", post(operators::end_session))
        .route("/auth/refresh", post(tokens::refresh_token))
        .route("/auth/logout", post(tokens::sign_out))
        .route(
            "/auth/me",
            get(accounts::show_account).patch(accounts::update_account),
        )
        .route("/auth/password", post(password_change::change_password))
        .route("/auth/password-reset", post(password_reset::request_reset))
        .route(
            "/auth/password-reset/confirm",
            post(password_reset::confirm_reset),
        )
}

fn company_routes() -> Router<App> {
    Router::new()
        .route("/companies", post(companies::create_company))
        .route(
            "/companies/{id}",
            get(companies::show_company).patch(companies::update_company),
        )
        .route("/companies/{id}/members", get(members::list_members))
        .route(
            "/companies/{id}/members/{user_id}",
            patch(members::update_member).delete(members::remove_member),
        )
        .route(
            "/companies/{id}/invitations",
            get(invitations::list_invitations).post(invitations::create_invitation),
        )
        .route(
            "/companies/{id}/invitations/{invitation_id}",
            delete(invitations::withdraw_invitation),
        )
        .route("/invitations/accept", post(acceptance::accept_invitation))
        .route(
            "/api-keys",
            get(api_keys::list_api_keys).post(api_keys::create_api_key),
        )
        .route("/api-keys/{id}", delete(api_keys::revoke_api_key))
}
