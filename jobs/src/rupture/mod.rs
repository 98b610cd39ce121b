//! Jobs of the rupture area.

mod compute_all_demand;
mod compute_demand;
mod run_prediction;
#[cfg(test)]
mod tests;

pub use compute_all_demand::ComputeAllDemand;
pub use compute_demand::ComputeDemand;
pub use run_prediction::RunPrediction;

use domain::rupture::{self, Forecast};
use platform::db::Tx;
use platform::ids::CompanyId;
use platform::queue::JobError;

use crate::Registry;

pub(crate) fn register(registry: Registry) -> Registry {
    registry.with::<ComputeDemand>().with::<ComputeAllDemand>().with::<RunPrediction>()
}

/// Every watched product with its outlook as of `now`, kept for readers. The arithmetic runs beside
/// the async threads.
///
/// # Errors
/// The database's.
pub(crate) async fn refresh_outlooks(
    tx: &mut Tx,
    company: CompanyId,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Vec<Forecast>, JobError> {
    let watched = rupture::load_watched(tx, company, now).await?;
    let compute = move || watched.into_iter().map(rupture::Watched::forecast).collect::<Vec<_>>();
    let forecasts = tokio::task::spawn_blocking(compute).await.map_err(JobError::retry)?;
    rupture::save_outlooks(tx, company, &forecasts, now).await?;
    Ok(forecasts)
}
