//! What a product's past shows about its future: rate, shape of the week and dispersion. It changes
//! with sales only, never with the level of stock.

use chrono::{Datelike, NaiveDate};

use super::{Class, History, Rate, UnitDemand};

/// Days of the past that a history covers at most.
pub(super) const MAX_HISTORY_DAYS: usize = 730;
/// Days that the dispersion is computed from; half a year and two years were both measured worse.
const DISPERSION_DAYS: usize = 365;

/// The demand of one product as of a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    /// The last day of the history.
    pub as_of: NaiveDate,
    /// Days from the first sale in the history to `as_of`.
    pub history_days: u32,
    pub class: Class,
    pub rate: Rate,
    /// Variance divided by mean of the demand over a lead time; 1 or less means Poisson.
    pub dispersion: f64,
}

impl Demand {
    /// Estimates the demand from a history. The dispersion is that of the sums over
    /// `lead_time_days`.
    pub fn estimate(history: &History, lead_time_days: u32) -> Self {
        Self {
            as_of: history.as_of(),
            history_days: u32::try_from(history.units().len()).unwrap_or(u32::MAX),
            class: Class::from_history(history),
            rate: Rate::from_history(history),
            dispersion: compute_dispersion(
                recent_units(history.units()),
                lead_time_days.max(1) as usize,
            ),
        }
    }

    /// Returns the distribution of the demand over `days` days, of which `first` is the first.
    pub(super) fn distribution(&self, first: NaiveDate, days: u32) -> UnitDemand {
        UnitDemand::new(self.expected_units(first, days), self.dispersion)
    }

    fn expected_units(&self, first: NaiveDate, days: u32) -> f64 {
        let week: f64 = self.rate.by_weekday.iter().sum();
        let start = first.weekday().num_days_from_monday() as usize;
        let rest = (days % 7) as usize;
        let partial: f64 = (0..rest)
            .map(|i| self.rate.by_weekday[(start + i) % 7])
            .sum();
        f64::from(days / 7) * week + partial
    }
}

fn recent_units(units: &[f64]) -> &[f64] {
    &units[units.len().saturating_sub(DISPERSION_DAYS)..]
}

/// Computes the variance-to-mean ratio of the sums over every span of `days` days in the history. A
/// history of less than four such spans uses shorter ones.
fn compute_dispersion(units: &[f64], days: usize) -> f64 {
    let span = days.min(units.len() / 4).max(1);
    let mut sum: f64 = units.iter().take(span).sum();
    let mut count = 1.0;
    let mut mean = sum;
    let mut squares = 0.0;
    for i in span..units.len() {
        sum += units[i] - units[i - span];
        count += 1.0;
        let step = sum - mean;
        mean += step / count;
        squares += step * (sum - mean);
    }
    if count < 2.0 || mean <= 0.0 {
        return 1.0;
    }
    squares / (count - 1.0) / mean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steady_demand() -> Demand {
        let units: Vec<f64> = (0..70).map(|i| f64::from(i % 7)).collect();
        let history = History::from_days(&units, "2026-03-08".parse().unwrap()).unwrap();
        Demand::estimate(&history, 7)
    }

    #[test]
    fn a_week_that_repeats_has_no_spread_over_a_week() {
        assert!(steady_demand().dispersion < 1e-9);
    }

    #[test]
    fn dispersion_is_the_variance_of_the_sums_over_their_mean() {
        let units = [4.0, 0.0, 2.0, -1.0, 6.0, 0.0, 0.0, 0.0];
        let sums: Vec<f64> = units.windows(2).map(|w| w[0] + w[1]).collect();
        let mean = sums.iter().sum::<f64>() / 7.0;
        let variance = sums.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 6.0;
        assert!((compute_dispersion(&units, 2) - variance / mean).abs() < 1e-12);
        assert_eq!(compute_dispersion(&[5.0], 7), 1.0);
    }

    #[test]
    fn expected_units_follow_the_weekdays() {
        let demand = steady_demand();
        let monday = "2026-03-09".parse().unwrap();
        let sum = |days| demand.distribution(monday, days).mean();
        assert!((sum(1) - demand.rate.by_weekday[0]).abs() < 1e-9);
        assert!((sum(9) - sum(7) - sum(2)).abs() < 1e-9);
    }
}
