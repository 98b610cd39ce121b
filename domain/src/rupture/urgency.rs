//! How soon a shop must act, in the steps of the business: 15, 7, 3 and 1 days.

use serde::{Serialize, Serializer};

/// Ordered: a later variant is more urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Urgency {
    /// More than 15 days away, or never.
    None,
    #[sqlx(rename = "within_15_days")]
    Within15Days,
    #[sqlx(rename = "within_7_days")]
    Within7Days,
    #[sqlx(rename = "within_3_days")]
    Within3Days,
    #[sqlx(rename = "within_1_day")]
    Within1Day,
    /// No stock is left.
    Now,
}

impl Urgency {
    /// The urgency of a rupture in `days` days (P50); `None` = beyond the horizon.
    pub fn from_days(days: Option<u32>) -> Self {
        match days {
            Some(0) => Self::Now,
            Some(1) => Self::Within1Day,
            Some(2..=3) => Self::Within3Days,
            Some(4..=7) => Self::Within7Days,
            Some(8..=15) => Self::Within15Days,
            Some(16..) | None => Self::None,
        }
    }

    /// Returns the stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Within15Days => "within_15_days",
            Self::Within7Days => "within_7_days",
            Self::Within3Days => "within_3_days",
            Self::Within1Day => "within_1_day",
            Self::Now => "now",
        }
    }

    /// Parses what [`Urgency::as_str`] returns.
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::None,
            Self::Within15Days,
            Self::Within7Days,
            Self::Within3Days,
            Self::Within1Day,
            Self::Now,
        ]
        .into_iter()
        .find(|urgency| urgency.as_str() == text)
    }
}

impl Serialize for Urgency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_fifteen_seven_three_and_one() {
        let cases = [
            (None, Urgency::None),
            (Some(16), Urgency::None),
            (Some(15), Urgency::Within15Days),
            (Some(8), Urgency::Within15Days),
            (Some(7), Urgency::Within7Days),
            (Some(4), Urgency::Within7Days),
            (Some(3), Urgency::Within3Days),
            (Some(2), Urgency::Within3Days),
            (Some(1), Urgency::Within1Day),
            (Some(0), Urgency::Now),
        ];
        for (days, urgency) in cases {
            assert_eq!(Urgency::from_days(days), urgency);
            assert_eq!(Urgency::parse(urgency.as_str()), Some(urgency));
        }
    }
}
