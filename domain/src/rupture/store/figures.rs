//! The figures of outlooks as columns, which a statement unnests.

use platform::ids::Uuid;

use super::Forecast;
use crate::rupture::{Outlook, Urgency};

/// One vector per column, one item per product that has an outlook.
#[derive(Default)]
pub(super) struct FigureColumns {
    pub(super) product_ids: Vec<Uuid>,
    pub(super) levels: Vec<f64>,
    pub(super) probabilities: Vec<f64>,
    pub(super) days_p10: Vec<Option<i32>>,
    pub(super) days_p50: Vec<Option<i32>>,
    pub(super) days_p90: Vec<Option<i32>>,
    pub(super) reorder_points: Vec<f64>,
    pub(super) safety_stocks: Vec<f64>,
    pub(super) suggested_quantities: Vec<f64>,
    pub(super) urgencies: Vec<Urgency>,
    pub(super) lead_times_days: Vec<i32>,
}

impl FigureColumns {
    /// Appends the figures of a product, which must have an outlook.
    pub(super) fn push(&mut self, forecast: &Forecast, outlook: &Outlook, level: f64) {
        self.product_ids.push(forecast.product_id.0);
        self.levels.push(level);
        self.probabilities.push(outlook.probability);
        self.days_p10.push(outlook.days.p10.map(u32::cast_signed));
        self.days_p50.push(outlook.days.p50.map(u32::cast_signed));
        self.days_p90.push(outlook.days.p90.map(u32::cast_signed));
        self.reorder_points.push(outlook.reorder_point);
        self.safety_stocks.push(outlook.safety_stock);
        self.suggested_quantities.push(outlook.suggested_quantity);
        self.urgencies.push(outlook.urgency);
        self.lead_times_days
            .push(forecast.lead_time_days.cast_signed());
    }
}
