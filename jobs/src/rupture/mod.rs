//! Jobs of the rupture area.

mod compute_demand;
mod run_prediction;
#[cfg(test)]
mod tests;

pub use compute_demand::ComputeDemand;
pub use run_prediction::RunPrediction;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::catalog::ProductId;
use domain::rupture::{self, Demand, Forecast};
use platform::db::Tx;
use platform::ids::CompanyId;
use platform::queue::JobError;

use crate::Registry;

pub(crate) fn register_jobs(registry: Registry) -> Registry {
    registry.with::<ComputeDemand>().with::<RunPrediction>()
}

/// Computes the outlook of every watched product as of `now` and stores it for readers.
pub(crate) async fn refresh_outlooks(
    tx: &mut Tx,
    company: CompanyId,
    now: DateTime<Utc>,
) -> Result<Vec<Forecast>, JobError> {
    let watched = rupture::load_watched(tx, company, now).await?;
    let forecasts = run_blocking(move || {
        watched
            .into_iter()
            .map(rupture::Watched::forecast)
            .collect()
    })
    .await?;
    rupture::save_outlooks(tx, company, &forecasts, now).await?;
    Ok(forecasts)
}

/// Returns the outlooks of today's stock with another demand, and stores nothing.
async fn study_outlooks(
    tx: &mut Tx,
    company: CompanyId,
    mut demand: HashMap<ProductId, Demand>,
    now: DateTime<Utc>,
) -> Result<Vec<Forecast>, JobError> {
    let watched = rupture::load_watched(tx, company, now).await?;
    let mut with_demand = move |watched: rupture::Watched| {
        let demand = demand.remove(&watched.product_id());
        watched.forecast_with(demand)
    };
    run_blocking(move || watched.into_iter().map(&mut with_demand).collect()).await
}

/// Runs arithmetic on a blocking thread, so that the async threads stay responsive.
async fn run_blocking(
    compute: impl FnOnce() -> Vec<Forecast> + Send + 'static,
) -> Result<Vec<Forecast>, JobError> {
    tokio::task::spawn_blocking(compute)
        .await
        .map_err(JobError::retry)
}
