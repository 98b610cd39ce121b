//! Jobs of the alerts area.

mod evaluate;

pub use evaluate::{EvaluateAlerts, Evaluated, evaluate_company};

use crate::Registry;

pub(crate) fn register_jobs(registry: Registry) -> Registry {
    registry.with::<EvaluateAlerts>()
}
