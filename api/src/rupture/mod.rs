//! Predictions: runs, and the products that will run out.

mod runs;
mod ruptures;

use axum::Router;
use axum::routing::{get, post};

use crate::App;

const DEFAULT_HORIZON_DAYS: u32 = 15;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/predictions/runs", post(runs::start_run))
        .route("/predictions/runs/{id}", get(runs::show_run))
        .route("/predictions/ruptures", get(ruptures::list_ruptures))
        .route("/products/{id}/prediction", get(ruptures::show_prediction))
}
