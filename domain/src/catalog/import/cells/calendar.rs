//! Numbers of days. chrono would take longer than parsing the whole row.

/// Returns the days since 1970-01-01 of a day of the proleptic Gregorian calendar, years 1900 to
/// 2200.
pub(crate) fn day_number(year: i32, month: i32, day: i32) -> Option<i32> {
    if !(1900..=2200).contains(&year)
        || !(1..=12).contains(&month)
        || day < 1
        || day > days_in_month(year, month)
    {
        return None;
    }
    // In a year that starts in March the leap day is the last, and the months' lengths are linear.
    let shifted = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let day_of_year = (153 * months_since_march + 2) / 5 + day - 1;
    Some(365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719_468)
}

fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike as _, NaiveDate};

    #[test]
    fn days_are_numbered_as_the_calendar_library_numbers_them() {
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        let first = NaiveDate::from_ymd_opt(1900, 1, 1).unwrap();
        for date in first.iter_days().take(365 * 200).step_by(7) {
            let (month, day) = (
                i32::try_from(date.month()).unwrap(),
                i32::try_from(date.day()).unwrap(),
            );
            let expected = i32::try_from((date - epoch).num_days()).unwrap();
            assert_eq!(
                day_number(date.year(), month, day),
                Some(expected),
                "{date}"
            );
        }
    }
}
