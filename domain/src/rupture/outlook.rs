//! What the demand means for the stock at hand: will it last until the next delivery, for how many
//! days, when to order and how much. Recomputed from the level whenever it is asked for.

use chrono::NaiveDate;

use super::{Demand, Urgency};

/// The service level that a reorder point is computed for unless the company says otherwise.
pub const SERVICE_LEVEL: f64 = 0.95;
/// Days of expected demand that an order should cover beyond the reorder point.
pub const COVERAGE_DAYS: u32 = 30;
/// No rupture is predicted further ahead than this, in days.
pub const HORIZON_DAYS: u32 = 365;

/// Where a product stands today.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// The first day whose demand counts: today in the company's zone.
    pub today: NaiveDate,
    pub level: f64,
    pub lead_time_days: u32,
    pub minimum_order: f64,
    /// Orders are whole multiples of this; 0 or 1 for any quantity.
    pub pack: f64,
    pub service_level: f64,
}

/// The figures of one product, in its units and in days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// P(demand until the next delivery could arrive > level); certain where nothing is left.
    pub probability: f64,
    /// The day on which the stock runs out, with 10, 50 and 90 % chance to be there; 0 = already,
    /// `None` = beyond the horizon.
    pub days: DaysToRupture,
    pub reorder_point: f64,
    pub safety_stock: f64,
    /// Zero while the level is above the reorder point.
    pub suggested_quantity: f64,
    pub urgency: Urgency,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaysToRupture {
    pub p10: Option<u32>,
    pub p50: Option<u32>,
    pub p90: Option<u32>,
}

impl Outlook {
    pub fn compute(demand: &Demand, at: &Position) -> Self {
        let until_delivery = demand.over(at.today, at.lead_time_days.max(1));
        let reorder_point = until_delivery.quantile(at.service_level);
        let days = DaysToRupture {
            p10: days_until(demand, at, 0.1),
            p50: days_until(demand, at, 0.5),
            p90: days_until(demand, at, 0.9),
        };
        Self {
            probability: if at.level > 0.0 {
                until_delivery.more_than(at.level)
            } else {
                1.0
            },
            days,
            reorder_point,
            safety_stock: (reorder_point - until_delivery.mean()).max(0.0),
            suggested_quantity: suggested_quantity(demand, at, reorder_point),
            urgency: Urgency::from_days(days.p50),
        }
    }
}

/// The first day n with P(demand over n days > level) >= `chance`: the chance grows with n, so the
/// day is found by halving.
fn days_until(demand: &Demand, at: &Position, chance: f64) -> Option<u32> {
    if at.level <= 0.0 {
        return Some(0);
    }
    let reached = |days| demand.over(at.today, days).more_than(at.level) >= chance;
    if !reached(HORIZON_DAYS) {
        return None;
    }
    let (mut before, mut reached_at) = (0, HORIZON_DAYS);
    while reached_at - before > 1 {
        let middle = before + (reached_at - before) / 2;
        if reached(middle) {
            reached_at = middle;
        } else {
            before = middle;
        }
    }
    Some(reached_at)
}

/// Enough to stand at the reorder point plus the coverage, at least the minimum order, in whole
/// packs. Nothing while the level is above the reorder point.
fn suggested_quantity(demand: &Demand, at: &Position, reorder_point: f64) -> f64 {
    if at.level > reorder_point || demand.rate.per_day() <= 0.0 {
        return 0.0;
    }
    let target = reorder_point + demand.over(at.today, COVERAGE_DAYS).mean();
    let wanted = (target - at.level).ceil().max(at.minimum_order);
    let pack = if at.pack > 0.0 { at.pack } else { 1.0 };
    (wanted / pack).ceil() * pack
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rupture::{Class, Rate};

    fn day() -> NaiveDate {
        "2026-03-09".parse().unwrap()
    }

    fn demand(per_day: f64, dispersion: f64) -> Demand {
        Demand {
            as_of: day(),
            history_days: 365,
            class: Class::Lumpy,
            rate: Rate {
                by_weekday: [per_day; 7],
            },
            dispersion,
        }
    }

    fn at(level: f64) -> Position {
        Position {
            today: day(),
            level,
            lead_time_days: 7,
            minimum_order: 0.0,
            pack: 1.0,
            service_level: SERVICE_LEVEL,
        }
    }

    #[test]
    fn more_stock_never_brings_the_rupture_nearer() {
        let demand = demand(3.0, 4.0);
        let mut last = Outlook::compute(&demand, &at(0.0));
        for level in 1..120 {
            let next = Outlook::compute(&demand, &at(f64::from(level)));
            assert!(next.probability <= last.probability);
            let beyond = HORIZON_DAYS + 1;
            assert!(next.days.p50.unwrap_or(beyond) >= last.days.p50.unwrap_or(beyond));
            assert!(next.suggested_quantity <= last.suggested_quantity);
            last = next;
        }
    }

    #[test]
    fn the_three_days_are_in_order_and_around_the_mean() {
        let days = Outlook::compute(&demand(2.0, 3.0), &at(30.0)).days;
        let [low, middle, high] = [days.p10, days.p50, days.p90].map(Option::unwrap);
        assert!(low < middle && middle < high);
        assert!((14..=17).contains(&middle), "{middle}");
    }

    #[test]
    fn an_empty_shelf_is_a_rupture_today() {
        for level in [0.0, -4.0] {
            let outlook = Outlook::compute(&demand(2.0, 3.0), &at(level));
            assert_eq!(outlook.days.p50, Some(0));
            assert_eq!(outlook.probability, 1.0);
            assert_eq!(outlook.urgency, Urgency::Now);
        }
    }

    #[test]
    fn without_demand_nothing_runs_out_and_nothing_is_ordered() {
        let outlook = Outlook::compute(&demand(0.0, 1.0), &at(5.0));
        assert_eq!(outlook.probability, 0.0);
        assert_eq!(outlook.days.p50, None);
        assert_eq!(outlook.reorder_point, 0.0);
        assert_eq!(outlook.suggested_quantity, 0.0);
        assert_eq!(
            Outlook::compute(&demand(0.0, 1.0), &at(0.0)).suggested_quantity,
            0.0
        );
    }

    #[test]
    fn an_order_covers_the_need_in_whole_packs_and_at_least_the_minimum() {
        let demand = demand(2.0, 1.0);
        let mut position = at(10.0);
        let plain = Outlook::compute(&demand, &position);
        assert_eq!(plain.suggested_quantity, plain.reorder_point + 60.0 - 10.0);
        position.pack = 24.0;
        assert_eq!(
            Outlook::compute(&demand, &position).suggested_quantity,
            72.0
        );
        position.minimum_order = 100.0;
        assert_eq!(
            Outlook::compute(&demand, &position).suggested_quantity,
            120.0
        );
        position.level = plain.reorder_point + 1.0;
        assert_eq!(Outlook::compute(&demand, &position).suggested_quantity, 0.0);
    }

    #[test]
    fn the_reorder_point_holds_the_service_level() {
        let demand = demand(2.0, 3.0);
        let outlook = Outlook::compute(&demand, &at(10.0));
        let over_lead_time = demand.over(day(), 7);
        assert!(over_lead_time.at_most(outlook.reorder_point) >= SERVICE_LEVEL);
        assert!((outlook.reorder_point - outlook.safety_stock - 14.0).abs() < 1e-9);
    }

    /// Sums of the terms of a Poisson distribution with mean `2 * days`: what two a day come to, without
    /// anything of this crate's.
    fn at_most_of_two_a_day(days: u32, units: u32) -> f64 {
        let mean = 2.0 * f64::from(days);
        let mut term = (-mean).exp();
        let mut total = term;
        for k in 1..=units {
            term *= mean / f64::from(k);
            total += term;
        }
        total
    }

    #[test]
    fn two_a_day_with_fourteen_in_stock_give_the_figures_of_a_poisson_table() {
        let outlook = Outlook::compute(&demand(2.0, 1.0), &at(14.0));
        // P(X > 14), mean 14: 1 - 0.570437 (any table of the Poisson distribution).
        assert!(
            (outlook.probability - (1.0 - 0.570_437)).abs() < 1e-6,
            "{}",
            outlook.probability
        );
        assert!((outlook.probability - (1.0 - at_most_of_two_a_day(7, 14))).abs() < 1e-9);
        // The smallest number that covers 95 % of the demand of a lead time: 20.
        let reorder = (0..)
            .find(|units| at_most_of_two_a_day(7, *units) >= SERVICE_LEVEL)
            .unwrap();
        assert_eq!((outlook.reorder_point, reorder), (f64::from(reorder), 20));
        assert_eq!(outlook.safety_stock, 6.0);
        // The day by which more than 14 units were asked for with this chance: 6, 8 and 11.
        for (chance, told) in [
            (0.1, outlook.days.p10),
            (0.5, outlook.days.p50),
            (0.9, outlook.days.p90),
        ] {
            let expected = (1..).find(|days| 1.0 - at_most_of_two_a_day(*days, 14) >= chance);
            assert_eq!(told, expected, "{chance}");
        }
    }
}
