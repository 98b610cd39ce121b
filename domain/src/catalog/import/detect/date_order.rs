//! Which comes first in a column of dates, the day or the month.

use crate::catalog::import::cells::{day_number, split_date};
use crate::catalog::import::options::DateFormat;

/// Ambiguous values that a question shows.
const MAX_EXAMPLES: usize = 3;

/// What the values of a column reveal about the order of day and month.
#[derive(Debug, Default, Clone)]
pub(super) struct DateEvidence {
    year_first: u64,
    day_first: u64,
    month_first: u64,
    undecided: Vec<String>,
}

impl DateEvidence {
    pub(super) fn observe(&mut self, text: &str) {
        let Some((parts, _)) = split_date(text.as_bytes()) else {
            return;
        };
        if parts.year_first {
            self.year_first += 1;
            return;
        }
        let day_first = day_number(parts.c, parts.b, parts.a).is_some();
        let month_first = day_number(parts.c, parts.a, parts.b).is_some();
        match (day_first, month_first) {
            (true, false) => self.day_first += 1,
            (false, true) => self.month_first += 1,
            // Where day and month are equal, either order reads the same day.
            (true, true) if parts.a != parts.b && self.undecided.len() < MAX_EXAMPLES => {
                self.undecided.push(text.to_owned())
            }
            _ => {}
        }
    }

    /// Returns the order of most values. `Err` holds examples of ambiguous values, where no value
    /// decides.
    pub(super) fn conclude(&self) -> Result<DateFormat, &[String]> {
        match self.day_first.cmp(&self.month_first) {
            std::cmp::Ordering::Greater => Ok(DateFormat::DayFirst),
            std::cmp::Ordering::Less => Ok(DateFormat::MonthFirst),
            std::cmp::Ordering::Equal if !self.undecided.is_empty() || self.day_first > 0 => {
                Err(&self.undecided)
            }
            std::cmp::Ordering::Equal if self.year_first > 0 => Ok(DateFormat::YearFirst),
            std::cmp::Ordering::Equal => Ok(DateFormat::DayFirst),
        }
    }

    pub(super) fn is_decided(&self) -> bool {
        self.day_first != self.month_first || (self.year_first > 0 && self.undecided.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_day_and_month_is_decided_by_the_whole_column() {
        use DateFormat::{DayFirst, MonthFirst, YearFirst};
        for (values, expected) in [
            (&["2011-01-02"][..], Some(YearFirst)),
            (&["01/02/2011", "13/02/2011"], Some(DayFirst)),
            (&["01/02/2011", "02/13/2011"], Some(MonthFirst)),
            (&["01/02/2011", "02/03/2011"], None),
            (&["05/05/2011"], Some(DayFirst)),
            (&["13/02/2011", "14/02/2011", "02/15/2011"], Some(DayFirst)),
            (&["13/02/2011", "02/15/2011"], None),
        ] {
            let mut evidence = DateEvidence::default();
            values.iter().for_each(|v| evidence.observe(v));
            assert_eq!(evidence.conclude().ok(), expected, "{values:?}");
        }
    }
}
