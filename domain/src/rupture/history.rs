//! A product's demand as one figure per calendar day. Days without a sale are zeros; days before
//! the first sale do not exist.

use chrono::{Datelike, NaiveDate};

/// Dense daily demand from the first sale to `as_of`, both included.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    as_of: NaiveDate,
    units: Vec<f64>,
}

impl History {
    /// Builds the days from `(day, units)` in any order. Entries of one day are added, entries
    /// after `as_of` are left out. Units that came back are negative: they are taken from their own
    /// day and then from the latest days before it. Returns `None` if nothing was sold.
    pub fn from_sales(sales: &[(NaiveDate, f64)], as_of: NaiveDate) -> Option<Self> {
        let known = || sales.iter().filter(|(day, _)| *day <= as_of);
        let first = known()
            .filter(|(_, units)| *units > 0.0)
            .map(|(day, _)| *day)
            .min()?;
        let length = days_between(first, as_of) + 1;
        let mut units = vec![0.0; length];
        for (day, sold) in known().filter(|(day, _)| *day >= first) {
            units[days_between(first, *day)] += sold;
        }
        take_back(&mut units);
        Some(Self { as_of, units })
    }

    /// Takes a dense series and drops its leading zeros. Returns `None` if nothing was sold.
    pub fn from_days(units: &[f64], as_of: NaiveDate) -> Option<Self> {
        let first = units.iter().position(|u| *u > 0.0)?;
        Some(Self {
            as_of,
            units: units[first..].to_vec(),
        })
    }

    /// The last day that the history covers.
    pub(super) fn as_of(&self) -> NaiveDate {
        self.as_of
    }

    /// Units sold per day, oldest first, never empty.
    pub(super) fn units(&self) -> &[f64] {
        &self.units
    }

    /// The weekday (0 = Monday) of the day that is `days_back` before the last one.
    pub(super) fn weekday_back(&self, days_back: usize) -> usize {
        let last = self.as_of.weekday().num_days_from_monday() as usize;
        (last + 7 - days_back % 7) % 7
    }
}

fn days_between(first: NaiveDate, last: NaiveDate) -> usize {
    usize::try_from((last - first).num_days()).unwrap_or(0)
}

/// Takes the units of negative days from the latest days before them; what no day has sold is left
/// out.
fn take_back(units: &mut [f64]) {
    // The days that have sold something, the latest on top.
    let mut sold = Vec::new();
    for day in 0..units.len() {
        let mut owed = (-units[day]).max(0.0);
        units[day] = units[day].max(0.0);
        while owed > 0.0
            && let Some(&latest) = sold.last()
        {
            let taken = owed.min(units[latest]);
            units[latest] -= taken;
            owed -= taken;
            if units[latest] <= 0.0 {
                sold.pop();
            }
        }
        if units[day] > 0.0 {
            sold.push(day);
        }
    }
    // Quantities are thousandths: what is less is the rounding of a difference.
    for rest in units.iter_mut().filter(|rest| **rest < 0.0005) {
        *rest = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_without_a_sale_are_zeros_and_the_series_starts_at_the_first_sale() {
        let sales = [
            (day("2026-03-04"), 2.0),
            (day("2026-03-02"), 1.5),
            (day("2026-03-04"), 1.0),
            (day("2026-03-01"), 0.0),
            (day("2026-03-09"), 50.0),
        ];
        let history = History::from_sales(&sales, day("2026-03-06")).unwrap();
        assert_eq!(history.units(), [1.5, 0.0, 3.0, 0.0, 0.0]);
    }

    #[test]
    fn what_came_back_is_taken_from_the_latest_days_before() {
        let history = |sales: &[(&str, f64)]| {
            let sales: Vec<_> = sales
                .iter()
                .map(|(text, units)| (day(text), *units))
                .collect();
            History::from_sales(&sales, day("2026-03-04")).map(|history| history.units)
        };
        let sold = [("2026-03-01", 5.0), ("2026-03-02", 15.0)];
        let returned = |on: &str, units: f64| history(&[sold[0], sold[1], (on, -units)]);
        assert_eq!(returned("2026-03-02", 15.0), Some(vec![5.0, 0.0, 0.0, 0.0]));
        assert_eq!(returned("2026-03-04", 15.0), Some(vec![5.0, 0.0, 0.0, 0.0]));
        assert_eq!(returned("2026-03-04", 17.0), Some(vec![3.0, 0.0, 0.0, 0.0]));
        assert_eq!(returned("2026-03-04", 90.0), Some(vec![0.0; 4]));
        let tenths = history(&[(sold[0].0, 0.3), ("2026-03-02", -0.1), ("2026-03-03", -0.2)]);
        assert_eq!(tenths, Some(vec![0.0; 4]));
        // Nothing was sold yet that could come back.
        let early = history(&[("2026-02-27", -4.0), sold[0]]);
        assert_eq!(early, Some(vec![5.0, 0.0, 0.0, 0.0]));
    }

    #[test]
    fn a_product_that_never_sold_has_no_history() {
        assert_eq!(History::from_sales(&[], day("2026-03-06")), None);
        let later = [(day("2026-03-07"), 1.0)];
        assert_eq!(History::from_sales(&later, day("2026-03-06")), None);
        assert_eq!(History::from_days(&[0.0, 0.0], day("2026-03-06")), None);
    }

    #[test]
    fn weekdays_are_counted_back_from_the_last_day() {
        let history = History::from_days(&[1.0], day("2026-03-04")).unwrap();
        assert_eq!(history.weekday_back(0), 2);
        assert_eq!(history.weekday_back(3), 6);
        assert_eq!(history.weekday_back(14), 2);
    }
}
