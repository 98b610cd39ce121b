//! The demand class of a product after Syntetos and Boylan (2005): how often it sells and how much
//! the quantities vary.

use serde::Serialize;

use super::History;

/// Mean days between sales from which a product sells seldom.
const SELDOM_INTERVAL_DAYS: f64 = 1.32;
/// Squared coefficient of variation from which quantities vary much.
const HIGH_VARIATION: f64 = 0.49;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Class {
    Smooth,
    Intermittent,
    Erratic,
    Lumpy,
}

impl Class {
    pub(super) fn from_history(history: &History) -> Self {
        let sold = || history.units().iter().filter(|u| **u > 0.0);
        let selling_days = sold().count().max(1) as f64;
        let interval = history.units().len() as f64 / selling_days;
        let mean = sold().sum::<f64>() / selling_days;
        let variance = sold().map(|u| (u - mean).powi(2)).sum::<f64>() / selling_days;
        let variation = variance / (mean * mean);
        match (interval < SELDOM_INTERVAL_DAYS, variation < HIGH_VARIATION) {
            (true, true) => Self::Smooth,
            (false, true) => Self::Intermittent,
            (true, false) => Self::Erratic,
            (false, false) => Self::Lumpy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_cuts_make_four_classes() {
        let cases: [(&[f64], Class); 4] = [
            (&[3.0, 4.0, 3.0, 4.0], Class::Smooth),
            (&[3.0, 0.0, 0.0, 4.0], Class::Intermittent),
            (&[1.0, 30.0, 1.0, 1.0], Class::Erratic),
            (&[1.0, 0.0, 0.0, 30.0, 0.0, 1.0], Class::Lumpy),
        ];
        for (units, class) in cases {
            let history = History::from_days(units, "2026-01-01".parse().unwrap()).unwrap();
            assert_eq!(Class::from_history(&history), class);
        }
    }
}
