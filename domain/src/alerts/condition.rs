//! Evaluates the condition of a rule for one product. An open item resolves at a wider bound than
//! the one that opened it, so that a level around the bound doesn't open and resolve repeatedly.

use serde::{Deserialize, Serialize};

use super::filter::Filter;
use super::rule::Condition;
use crate::rupture::{Forecast, Urgency};

/// An open low-stock item resolves above this multiple of the minimum.
const RESOLVE_FACTOR: f64 = 1.1;
/// An open predicted rupture resolves this far below the probability at which it opens.
const PROBABILITY_MARGIN: f64 = 0.15;
/// A predicted rupture fires at this many days to rupture (P50), whatever the probability.
const NEAR_RUPTURE_DAYS: u32 = 7;

/// The figures behind a decision, as the timeline shows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_stock: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_p50: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_time_days: Option<u32>,
}

/// Whether a product is an item of the rule's open alert before the evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemStatus {
    Absent,
    Open,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ConditionState {
    Firing {
        urgency: Urgency,
        figures: Figures,
    },
    NotFiring(Figures),
    /// The level or the demand is unknown: nothing opens and nothing resolves.
    Unknown,
}

/// Evaluates the condition for one product.
pub(super) fn evaluate_condition(
    condition: Condition,
    filter: &Filter,
    product: &Forecast,
    item: ItemStatus,
) -> ConditionState {
    let Some(level) = filter.stock_level(product) else {
        return ConditionState::Unknown;
    };
    let figures = Figures {
        level: Some(level),
        ..Figures::default()
    };
    match condition {
        Condition::Rupture => firing_if(level <= 0.0, Urgency::Now, figures),
        Condition::LowStock { minimum } => {
            evaluate_low_stock(level, product.min_stock.or(minimum), item, figures)
        }
        Condition::PredictedRupture { probability } => {
            evaluate_prediction(probability, product, item, figures)
        }
    }
}

fn firing_if(holds: bool, urgency: Urgency, figures: Figures) -> ConditionState {
    if holds {
        ConditionState::Firing { urgency, figures }
    } else {
        ConditionState::NotFiring(figures)
    }
}

fn evaluate_low_stock(
    level: f64,
    minimum: Option<f64>,
    item: ItemStatus,
    figures: Figures,
) -> ConditionState {
    let Some(minimum) = minimum.filter(|m| *m > 0.0) else {
        return ConditionState::NotFiring(figures);
    };
    let figures = Figures {
        min_stock: Some(minimum),
        ..figures
    };
    let low = match item {
        // A level of zero opens an item of the rupture rule instead.
        ItemStatus::Absent => level > 0.0 && level <= minimum,
        ItemStatus::Open => level <= minimum * RESOLVE_FACTOR,
    };
    firing_if(low, Urgency::None, figures)
}

fn evaluate_prediction(
    threshold: f64,
    product: &Forecast,
    item: ItemStatus,
    figures: Figures,
) -> ConditionState {
    let in_stock = figures.level.is_some_and(|level| level > 0.0);
    let Some(outlook) = product.outlook else {
        // The level is known, so the demand is missing: its only sale was cancelled, for example.
        return if in_stock {
            ConditionState::NotFiring(figures)
        } else {
            ConditionState::Unknown
        };
    };
    let figures = Figures {
        probability: Some(outlook.probability),
        days_p50: outlook.days.p50,
        lead_time_days: Some(product.lead_time_days),
        ..figures
    };
    let within = |days: f64| outlook.days.p50.is_some_and(|p50| f64::from(p50) <= days);
    let near_days = f64::from(NEAR_RUPTURE_DAYS);
    let holds = match item {
        ItemStatus::Absent => in_stock && (outlook.probability >= threshold || within(near_days)),
        ItemStatus::Open => {
            outlook.probability >= threshold - PROBABILITY_MARGIN
                || within(near_days * RESOLVE_FACTOR)
        }
    };
    firing_if(holds, outlook.urgency, figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::testing::{make_outlook, make_product};

    use ItemStatus::{Absent, Open};

    /// Returns whether the condition fires; `None` = unknown.
    fn fires(condition: Condition, product: &Forecast, item: ItemStatus) -> Option<bool> {
        match evaluate_condition(condition, &Filter::default(), product, item) {
            ConditionState::Firing { .. } => Some(true),
            ConditionState::NotFiring(_) => Some(false),
            ConditionState::Unknown => None,
        }
    }

    #[test]
    fn an_unknown_level_neither_opens_nor_resolves() {
        let unknown = make_product(1, None);
        for condition in [
            Condition::Rupture,
            Condition::LowStock { minimum: Some(5.0) },
            Condition::PredictedRupture { probability: 0.5 },
        ] {
            assert_eq!(fires(condition, &unknown, Absent), None);
            assert_eq!(fires(condition, &unknown, Open), None);
        }
    }

    #[test]
    fn rupture_is_a_level_of_zero_or_less() {
        for (level, expected) in [(-3.0, true), (0.0, true), (0.001, false), (8.0, false)] {
            assert_eq!(
                fires(Condition::Rupture, &make_product(1, Some(level)), Absent),
                Some(expected)
            );
        }
    }

    #[test]
    fn low_stock_opens_at_the_minimum_and_resolves_ten_per_cent_above() {
        let rule = Condition::LowStock { minimum: None };
        let cases = [
            (0.0, Absent, false),
            (0.0, Open, true),
            (1.0, Absent, true),
            (10.0, Absent, true),
            (10.5, Absent, false),
            (11.0, Open, true),
            (11.1, Open, false),
        ];
        for (level, item, expected) in cases {
            let mut product = make_product(1, Some(level));
            product.min_stock = Some(10.0);
            assert_eq!(
                fires(rule, &product, item),
                Some(expected),
                "{level} {item:?}"
            );
        }
    }

    #[test]
    fn a_product_without_a_minimum_uses_the_minimum_of_the_rule() {
        let low = make_product(1, Some(4.0));
        assert_eq!(
            fires(Condition::LowStock { minimum: None }, &low, Absent),
            Some(false)
        );
        assert_eq!(
            fires(Condition::LowStock { minimum: Some(5.0) }, &low, Absent),
            Some(true)
        );
    }

    #[test]
    fn a_predicted_rupture_opens_by_probability_or_days_and_resolves_below_both() {
        let rule = Condition::PredictedRupture { probability: 0.5 };
        let cases = [
            (0.49, Some(8), Absent, false),
            (0.50, Some(20), Absent, true),
            (0.10, Some(7), Absent, true),
            (0.36, Some(20), Open, true),
            (0.34, Some(8), Open, false),
            (0.34, Some(7), Open, true),
            (0.00, None, Open, false),
        ];
        for (probability, days, item, expected) in cases {
            let mut product = make_product(1, Some(10.0));
            product.outlook = Some(make_outlook(probability, days));
            assert_eq!(
                fires(rule, &product, item),
                Some(expected),
                "{probability} {days:?} {item:?}"
            );
        }
        let mut empty = make_product(1, Some(0.0));
        empty.outlook = Some(make_outlook(1.0, Some(0)));
        assert_eq!(fires(rule, &empty, Absent), Some(false));
        assert_eq!(fires(rule, &empty, Open), Some(true));
    }

    #[test]
    fn a_predicted_rupture_without_demand_resolves_while_stock_is_left() {
        let rule = Condition::PredictedRupture { probability: 0.5 };
        for (level, expected) in [(Some(10.0), Some(false)), (Some(0.0), None), (None, None)] {
            assert_eq!(
                fires(rule, &make_product(1, level), Open),
                expected,
                "{level:?}"
            );
        }
    }

    #[test]
    fn a_rule_of_a_site_uses_the_level_of_that_site_only() {
        let site = crate::catalog::SiteId(platform::ids::Uuid::from_u128(9));
        let filter = Filter {
            site_id: Some(site),
            ..Filter::default()
        };
        let mut product = make_product(1, Some(30.0));
        assert_eq!(
            evaluate_condition(Condition::Rupture, &filter, &product, Absent),
            ConditionState::Unknown
        );
        product.levels = vec![(None, 30.0), (Some(site), 0.0)];
        assert!(matches!(
            evaluate_condition(Condition::Rupture, &filter, &product, Absent),
            ConditionState::Firing { .. }
        ));
    }
}
