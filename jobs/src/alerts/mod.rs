//! Jobs of the alerts area.

mod evaluate;

pub use evaluate::{EvaluateAlerts, Evaluated, evaluate_company};

use crate::Registry;

pub(crate) fn register(registry: Registry) -> Registry {
    registry.with::<EvaluateAlerts>()
}
