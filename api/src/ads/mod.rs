//! Connections to Meta, ad accounts, their refreshes and their figures.

mod accounts;
mod connections;

use axum::Router;
use axum::routing::{delete, get, post};

use crate::App;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/ads/connections", post(connections::connect_meta))
        .route(
            "/ads/connections/{id}",
            delete(connections::disconnect_meta),
        )
        .route("/ad-accounts", get(accounts::list_accounts))
        .route("/ad-accounts/{id}/refresh", post(accounts::refresh_account))
        .route("/ad-accounts/{id}/data", get(accounts::show_data))
}
