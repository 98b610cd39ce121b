//! Jobs of the ops area.

mod ping;
mod prune_jobs;

pub use ping::Ping;
pub use prune_jobs::PruneJobs;

use crate::Registry;

pub(crate) fn register_jobs(registry: Registry) -> Registry {
    registry.with::<Ping>().with_platform::<PruneJobs>()
}
