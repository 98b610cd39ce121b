//! Jobs of the alerts area.

mod evaluate;
mod evaluate_all;

pub use evaluate::{EvaluateAlerts, Evaluated, evaluate};
pub use evaluate_all::EvaluateAllAlerts;

use crate::Registry;

pub(crate) fn register(registry: Registry) -> Registry {
    registry
        .with::<EvaluateAlerts>()
        .with_platform::<EvaluateAllAlerts>()
}
