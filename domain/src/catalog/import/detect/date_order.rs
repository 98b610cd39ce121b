//! In which order day, month and year stand in a column of dates.

use super::evidence::{Doubt, Evidence};
use crate::catalog::import::cells::{DateParts, split_date};
use crate::catalog::import::options::DateFormat;

/// The formats in which dates without a year of four digits in front may be written.
const CANDIDATES: [DateFormat; 3] = [
    DateFormat::DayFirst,
    DateFormat::MonthFirst,
    DateFormat::ShortYearFirst,
];

/// What the values of a column reveal about its dates.
#[derive(Debug, Clone)]
pub(super) struct DateEvidence {
    evidence: Evidence<DateFormat, 3>,
    short_years: ShortYears,
    has_long_year_first: bool,
    has_year_last: bool,
}

impl DateEvidence {
    pub(super) fn new() -> Self {
        Self {
            evidence: Evidence::new(CANDIDATES),
            short_years: ShortYears::default(),
            has_long_year_first: false,
            has_year_last: false,
        }
    }

    pub(super) fn observe(&mut self, line: u64, text: &str) {
        let Some((parts, _)) = split_date(text.as_bytes()) else {
            return;
        };
        if parts.year_first {
            self.has_long_year_first = true;
            return;
        }
        self.has_year_last = true;
        self.short_years.observe(&parts);
        let readings = CANDIDATES.map(|format| parts.day_number(format));
        self.evidence.observe(line, text, &readings);
    }

    pub(super) fn conclude(&self) -> Result<DateFormat, Doubt<DateFormat>> {
        if self.has_long_year_first && !self.has_year_last {
            return Ok(DateFormat::YearFirst);
        }
        let short_years_lead = self.short_years.may_lead();
        self.evidence
            .conclude(|format| *format != DateFormat::ShortYearFirst || short_years_lead)
    }
}

/// The first and the last numbers of dates of three short numbers. Years vary less than days.
#[derive(Debug, Clone, Copy, Default)]
struct ShortYears {
    /// A bit for each number from 0 to 99.
    first: u128,
    last: u128,
    has_dashes: bool,
}

impl ShortYears {
    fn observe(&mut self, parts: &DateParts) {
        if let (true, 0..=99, 2000..=2099) = (parts.short_year, parts.a, parts.c) {
            self.first |= 1 << parts.a;
            self.last |= 1 << (parts.c - 2000);
            self.has_dashes |= parts.separator == b'-';
        }
    }

    /// Whether the first number may be the year, as in `26-11-05`.
    fn may_lead(&self) -> bool {
        let (first, last) = (self.first.count_ones(), self.last.count_ones());
        first > 0 && (last > first || (self.has_dashes && last == first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Err` holds the choices.
    fn conclude(values: &[&str]) -> Result<DateFormat, Vec<DateFormat>> {
        let mut evidence = DateEvidence::new();
        for (line, value) in (1..).zip(values) {
            evidence.observe(line, value);
        }
        evidence.conclude().map_err(|doubt| doubt.choices)
    }

    #[test]
    fn the_whole_column_decides_the_order_of_its_dates() {
        use DateFormat::{DayFirst, MonthFirst, ShortYearFirst, YearFirst};
        let either = || Err(vec![DayFirst, MonthFirst]);
        for (values, expected) in [
            (&["2011-01-02"][..], Ok(YearFirst)),
            (&["2011-01-02", "13/02/2011"], Ok(DayFirst)),
            (&["01/02/2011", "13/02/2011"], Ok(DayFirst)),
            (&["01/02/2011", "02/13/2011"], Ok(MonthFirst)),
            (&["01/02/2011", "02/03/2011"], either()),
            (&["05/05/2011"], Ok(DayFirst)),
            (&["13/02/2011", "14/02/2011", "02/15/2011"], either()),
            (&["3 mars 2011"], Ok(DayFirst)),
            (&["13/02/11", "14/03/11"], Ok(DayFirst)),
            (
                &["26-11-05", "26-11-06"],
                Err(vec![DayFirst, ShortYearFirst]),
            ),
            (
                &["26/10/15", "26/11/16"],
                Err(vec![DayFirst, ShortYearFirst]),
            ),
            (&["13/02/26", "31/02/26"], Ok(DayFirst)),
        ] {
            assert_eq!(conclude(values), expected, "{values:?}");
        }
    }
}
