//! What kind of seller a product is, after Syntetos and Boylan (2005): how often it sells and how
//! much the quantities vary.

use super::History;

/// Cuts of the classification: mean days between sales, and squared variation of quantities.
const INTERVAL_CUT: f64 = 1.32;
const VARIATION_CUT: f64 = 0.49;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    Smooth,
    Intermittent,
    Erratic,
    Lumpy,
}

impl Class {
    pub fn of(history: &History) -> Self {
        let sold = || history.units().iter().filter(|u| **u > 0.0);
        let selling_days = sold().count().max(1) as f64;
        let interval = history.units().len() as f64 / selling_days;
        let mean = sold().sum::<f64>() / selling_days;
        let variance = sold().map(|u| (u - mean).powi(2)).sum::<f64>() / selling_days;
        let variation = variance / (mean * mean);
        match (interval < INTERVAL_CUT, variation < VARIATION_CUT) {
            (true, true) => Self::Smooth,
            (false, true) => Self::Intermittent,
            (true, false) => Self::Erratic,
            (false, false) => Self::Lumpy,
        }
    }

    /// The stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Smooth => "smooth",
            Self::Intermittent => "intermittent",
            Self::Erratic => "erratic",
            Self::Lumpy => "lumpy",
        }
    }

    /// Reads what `as_str` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Smooth, Self::Intermittent, Self::Erratic, Self::Lumpy]
            .into_iter()
            .find(|class| class.as_str() == text)
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
            assert_eq!(Class::of(&history), class);
        }
    }
}
