//! Does a product concern a rule? With the figures that decided, and wider bounds for letting go
//! than for opening, so that a level that wavers doesn't open and close an alert.

use serde::{Deserialize, Serialize};

use super::rule::{Condition, Filter};
use crate::rupture::{Forecast, Urgency};

/// Letting go takes this much more than the bound that opened.
const HYSTERESIS: f64 = 1.1;
/// A predicted rupture is over this far below the chance at which it opens.
const PROBABILITY_MARGIN: f64 = 0.15;
/// Days to rupture (P50) from which a product concerns the rule whatever the chance.
const SOON_DAYS: u32 = 7;

/// The figures of a decision, as the timeline shows them.
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

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Judgement {
    Concerned {
        urgency: Urgency,
        figures: Figures,
    },
    Clear(Figures),
    /// Not enough is known: nothing opens and nothing resolves.
    Unknown,
}

/// Judges one product; `open` tells whether it is an item of the open alert already.
pub fn judge(condition: Condition, filter: &Filter, product: &Forecast, open: bool) -> Judgement {
    let Some(level) = filter.level_of(product) else {
        return Judgement::Unknown;
    };
    let figures = Figures {
        level: Some(level),
        ..Figures::default()
    };
    match condition {
        Condition::Rupture => concerned_if(level <= 0.0, Urgency::Now, figures),
        Condition::LowStock { minimum } => {
            low_stock(level, product.min_stock.or(minimum), open, figures)
        }
        Condition::PredictedRupture { probability } => {
            predicted(probability, product, open, figures)
        }
    }
}

fn concerned_if(holds: bool, urgency: Urgency, figures: Figures) -> Judgement {
    if holds {
        Judgement::Concerned { urgency, figures }
    } else {
        Judgement::Clear(figures)
    }
}

/// A level of zero is the rupture rule's to open; an item that is open already stays.
fn low_stock(level: f64, minimum: Option<f64>, open: bool, figures: Figures) -> Judgement {
    let Some(minimum) = minimum.filter(|m| *m > 0.0) else {
        return Judgement::Clear(figures);
    };
    let figures = Figures {
        min_stock: Some(minimum),
        ..figures
    };
    let low = if open {
        level <= minimum * HYSTERESIS
    } else {
        level > 0.0 && level <= minimum
    };
    concerned_if(low, Urgency::None, figures)
}

fn predicted(bound: f64, product: &Forecast, open: bool, figures: Figures) -> Judgement {
    let Some(outlook) = product.outlook else {
        // The level is known, so it is the demand that is gone: its only sale was cancelled, say.
        let left = figures.level.is_some_and(|level| level > 0.0);
        return if left {
            Judgement::Clear(figures)
        } else {
            Judgement::Unknown
        };
    };
    let figures = Figures {
        probability: Some(outlook.probability),
        days_p50: outlook.days.p50,
        lead_time_days: Some(product.lead_time_days),
        ..figures
    };
    let within = |days: f64| outlook.days.p50.is_some_and(|p50| f64::from(p50) <= days);
    let soon_days = f64::from(SOON_DAYS);
    let holds = if open {
        outlook.probability >= bound - PROBABILITY_MARGIN || within(soon_days * HYSTERESIS)
    } else {
        let left = figures.level.is_some_and(|level| level > 0.0);
        left && (outlook.probability >= bound || within(soon_days))
    };
    concerned_if(holds, outlook.urgency, figures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::testing::{outlook, product};

    fn concerned(condition: Condition, product: &Forecast, open: bool) -> Option<bool> {
        match judge(condition, &Filter::default(), product, open) {
            Judgement::Concerned { .. } => Some(true),
            Judgement::Clear(_) => Some(false),
            Judgement::Unknown => None,
        }
    }

    #[test]
    fn an_unknown_level_is_neither_rupture_nor_its_end() {
        let unknown = product(1, None);
        for condition in [
            Condition::Rupture,
            Condition::LowStock { minimum: Some(5.0) },
            Condition::PredictedRupture { probability: 0.5 },
        ] {
            assert_eq!(concerned(condition, &unknown, false), None);
            assert_eq!(concerned(condition, &unknown, true), None);
        }
    }

    #[test]
    fn rupture_is_a_level_of_zero_or_less() {
        for (level, expected) in [(-3.0, true), (0.0, true), (0.001, false), (8.0, false)] {
            assert_eq!(
                concerned(Condition::Rupture, &product(1, Some(level)), false),
                Some(expected)
            );
        }
    }

    #[test]
    fn low_stock_opens_at_the_minimum_and_lets_go_ten_per_cent_above() {
        let rule = Condition::LowStock { minimum: None };
        let cases = [
            (0.0, false, false),
            (0.0, true, true),
            (1.0, false, true),
            (10.0, false, true),
            (10.5, false, false),
            (11.0, true, true),
            (11.1, true, false),
        ];
        for (level, open, expected) in cases {
            let mut product = product(1, Some(level));
            product.min_stock = Some(10.0);
            assert_eq!(
                concerned(rule, &product, open),
                Some(expected),
                "{level} {open}"
            );
        }
    }

    #[test]
    fn a_product_without_a_minimum_takes_the_rules() {
        let low = product(1, Some(4.0));
        assert_eq!(
            concerned(Condition::LowStock { minimum: None }, &low, false),
            Some(false)
        );
        assert_eq!(
            concerned(Condition::LowStock { minimum: Some(5.0) }, &low, false),
            Some(true)
        );
    }

    #[test]
    fn a_predicted_rupture_opens_by_chance_or_by_days_and_lets_go_below_both() {
        let rule = Condition::PredictedRupture { probability: 0.5 };
        let cases = [
            (0.49, Some(8), false, false),
            (0.50, Some(20), false, true),
            (0.10, Some(7), false, true),
            (0.36, Some(20), true, true),
            (0.34, Some(8), true, false),
            (0.34, Some(7), true, true),
            (0.00, None, true, false),
        ];
        for (probability, days, open, expected) in cases {
            let mut product = product(1, Some(10.0));
            product.outlook = Some(outlook(probability, days));
            assert_eq!(
                concerned(rule, &product, open),
                Some(expected),
                "{probability} {days:?} {open}"
            );
        }
        let mut empty = product(1, Some(0.0));
        empty.outlook = Some(outlook(1.0, Some(0)));
        assert_eq!(concerned(rule, &empty, false), Some(false));
        assert_eq!(concerned(rule, &empty, true), Some(true));
    }

    #[test]
    fn a_predicted_rupture_ends_with_the_demand_where_something_is_left() {
        let rule = Condition::PredictedRupture { probability: 0.5 };
        for (level, expected) in [(Some(10.0), Some(false)), (Some(0.0), None), (None, None)] {
            assert_eq!(
                concerned(rule, &product(1, level), true),
                expected,
                "{level:?}"
            );
        }
    }

    #[test]
    fn a_rule_of_a_site_looks_at_that_site_alone() {
        let site = crate::catalog::SiteId(platform::ids::Uuid::from_u128(9));
        let filter = Filter {
            site_id: Some(site),
            ..Filter::default()
        };
        let mut product = product(1, Some(30.0));
        assert_eq!(
            judge(Condition::Rupture, &filter, &product, false),
            Judgement::Unknown
        );
        product.levels = vec![(None, 30.0), (Some(site), 0.0)];
        assert!(matches!(
            judge(Condition::Rupture, &filter, &product, false),
            Judgement::Concerned { .. }
        ));
    }
}
