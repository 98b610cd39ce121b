//! What the demand means for the stock: whether and how long it will last, when to order and how
//! much. Every evaluation recomputes it from the level.

use chrono::NaiveDate;

use super::{Demand, Urgency};

/// The probability that stock at the reorder point lasts until the delivery.
pub const SERVICE_LEVEL: f64 = 0.95;
/// Days of expected demand that an order covers beyond the reorder point.
const COVERAGE_DAYS: u32 = 30;
/// Days ahead that a rupture is predicted at most.
pub const HORIZON_DAYS: u32 = 365;

/// The stock of a product and the conditions of its supply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Position {
    /// The first day whose demand counts: today in the company's zone.
    pub today: NaiveDate,
    pub level: f64,
    pub lead_time_days: u32,
    pub minimum_order: f64,
    /// Orders are whole multiples of this; 0 or 1 means any quantity.
    pub pack: f64,
    pub service_level: f64,
}

/// The figures of one product, in its units and in days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// P(demand until the next possible delivery > level); 1 if nothing is left.
    pub probability: f64,
    pub days: DaysToRupture,
    pub reorder_point: f64,
    pub safety_stock: f64,
    /// Zero while the level is above the reorder point.
    pub suggested_quantity: f64,
    pub urgency: Urgency,
}

/// The days until the stock has run out with a probability of 10, 50 and 90 %; 0 = it has, `None` =
/// beyond the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaysToRupture {
    pub p10: Option<u32>,
    pub p50: Option<u32>,
    pub p90: Option<u32>,
}

impl Outlook {
    pub(super) fn compute(demand: &Demand, position: &Position) -> Self {
        let until_delivery = demand.distribution(position.today, position.lead_time_days.max(1));
        let reorder_point = until_delivery.quantile(position.service_level);
        let days = DaysToRupture {
            p10: find_rupture_day(demand, position, 0.1),
            p50: find_rupture_day(demand, position, 0.5),
            p90: find_rupture_day(demand, position, 0.9),
        };
        Self {
            probability: if position.level > 0.0 {
                until_delivery.more_than(position.level)
            } else {
                1.0
            },
            days,
            reorder_point,
            safety_stock: (reorder_point - until_delivery.mean()).max(0.0),
            suggested_quantity: suggest_quantity(demand, position, reorder_point),
            urgency: Urgency::from_days(days.p50),
        }
    }
}

/// Finds the first day n with P(demand over n days > level) >= `probability`, by bisection, because
/// the left side grows with n.
fn find_rupture_day(demand: &Demand, position: &Position, probability: f64) -> Option<u32> {
    if position.level <= 0.0 {
        return Some(0);
    }
    let is_reached = |days| {
        let units = demand.distribution(position.today, days);
        units.more_than(position.level) >= probability
    };
    if !is_reached(HORIZON_DAYS) {
        return None;
    }
    let (mut before, mut reached_at) = (0, HORIZON_DAYS);
    while reached_at - before > 1 {
        let middle = before + (reached_at - before) / 2;
        if is_reached(middle) {
            reached_at = middle;
        } else {
            before = middle;
        }
    }
    Some(reached_at)
}

/// Returns a quantity that fills the stock up to the reorder point plus the coverage: at least the
/// minimum order, in whole packs. Returns 0 while the level is above the reorder point.
fn suggest_quantity(demand: &Demand, position: &Position, reorder_point: f64) -> f64 {
    if position.level > reorder_point || demand.rate.per_day() <= 0.0 {
        return 0.0;
    }
    let target = reorder_point + demand.distribution(position.today, COVERAGE_DAYS).mean();
    let wanted = (target - position.level).ceil().max(position.minimum_order);
    let pack = if position.pack > 0.0 {
        position.pack
    } else {
        1.0
    };
    (wanted / pack).ceil() * pack
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rupture::{Class, Rate};

    fn first_day() -> NaiveDate {
        "2026-03-09".parse().unwrap()
    }

    fn demand(per_day: f64, dispersion: f64) -> Demand {
        Demand {
            as_of: first_day(),
            history_days: 365,
            class: Class::Lumpy,
            rate: Rate {
                by_weekday: [per_day; 7],
            },
            dispersion,
        }
    }

    fn position_at(level: f64) -> Position {
        Position {
            today: first_day(),
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
        let mut last = Outlook::compute(&demand, &position_at(0.0));
        for level in 1..120 {
            let next = Outlook::compute(&demand, &position_at(f64::from(level)));
            assert!(next.probability <= last.probability);
            let beyond = HORIZON_DAYS + 1;
            assert!(next.days.p50.unwrap_or(beyond) >= last.days.p50.unwrap_or(beyond));
            assert!(next.suggested_quantity <= last.suggested_quantity);
            last = next;
        }
    }

    #[test]
    fn the_three_days_are_in_order_and_around_the_mean() {
        let days = Outlook::compute(&demand(2.0, 3.0), &position_at(30.0)).days;
        let [low, middle, high] = [days.p10, days.p50, days.p90].map(Option::unwrap);
        assert!(low < middle && middle < high);
        assert!((14..=17).contains(&middle), "{middle}");
    }

    #[test]
    fn an_empty_shelf_is_a_rupture_today() {
        for level in [0.0, -4.0] {
            let outlook = Outlook::compute(&demand(2.0, 3.0), &position_at(level));
            assert_eq!(outlook.days.p50, Some(0));
            assert_eq!(outlook.probability, 1.0);
            assert_eq!(outlook.urgency, Urgency::Now);
        }
    }

    #[test]
    fn without_demand_nothing_runs_out_and_nothing_is_ordered() {
        let outlook = Outlook::compute(&demand(0.0, 1.0), &position_at(5.0));
        assert_eq!(outlook.probability, 0.0);
        assert_eq!(outlook.days.p50, None);
        assert_eq!(outlook.reorder_point, 0.0);
        assert_eq!(outlook.suggested_quantity, 0.0);
        assert_eq!(
            Outlook::compute(&demand(0.0, 1.0), &position_at(0.0)).suggested_quantity,
            0.0
        );
    }

    #[test]
    fn an_order_covers_the_need_in_whole_packs_and_at_least_the_minimum() {
        let demand = demand(2.0, 1.0);
        let mut position = position_at(10.0);
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
        let outlook = Outlook::compute(&demand, &position_at(10.0));
        let over_lead_time = demand.distribution(first_day(), 7);
        assert!(over_lead_time.at_most(outlook.reorder_point) >= SERVICE_LEVEL);
        assert!((outlook.reorder_point - outlook.safety_stock - 14.0).abs() < 1e-9);
    }

    /// Sums the terms of a Poisson distribution with mean `2 * days`, independently of the crate's
    /// own functions.
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
    fn two_a_day_with_fourteen_in_stock_match_a_poisson_table() {
        let outlook = Outlook::compute(&demand(2.0, 1.0), &position_at(14.0));
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
        // The day by which demand exceeds 14 units with this probability: 6, 8 and 11.
        for (probability, days) in [
            (0.1, outlook.days.p10),
            (0.5, outlook.days.p50),
            (0.9, outlook.days.p90),
        ] {
            let expected = (1..).find(|days| 1.0 - at_most_of_two_a_day(*days, 14) >= probability);
            assert_eq!(days, expected, "{probability}");
        }
    }
}
