//! Countries that lengthened their numbers. Phones keep announcing the former number to messaging
//! services, and people keep writing it.

use phonenumber::country::Id as Country;

/// A country whose numbers had eight digits and have two more in front.
struct Renumbering {
    country: Country,
    calling_code: &'static str,
    hint: &'static str,
    /// Returns the two digits that a former number got.
    added_digits: fn(&str) -> Option<&'static str>,
}

const FORMER_DIGITS: usize = 8;
const PRESENT_DIGITS: usize = 10;

const RENUMBERINGS: [Renumbering; 2] = [
    Renumbering {
        country: Country::BJ,
        calling_code: "229",
        hint: "numbers of Benin have ten digits since 30 November 2024: \
               01, then the former eight digits",
        added_digits: |_| Some("01"),
    },
    Renumbering {
        country: Country::CI,
        calling_code: "225",
        hint: "numbers of Côte d'Ivoire have ten digits since 31 January 2021: \
               01, 05 or 07 by operator, then the former eight digits",
        added_digits: added_digits_of_ivory_coast,
    },
];

/// The second digit of a former mobile number names its operator. Landlines are no addressees.
fn added_digits_of_ivory_coast(former: &str) -> Option<&'static str> {
    let mut digits = former.bytes();
    let (first, second) = (digits.next()?, digits.next()?);
    match (first, second) {
        (b'2' | b'3', _) => None,
        (_, b'0'..=b'3') => Some("01"),
        (_, b'4'..=b'6') => Some("05"),
        (_, b'7'..=b'9') => Some("07"),
        _ => None,
    }
}

/// Returns what to write instead of a number of former length; `None` where it isn't one. A
/// national form is a number of `country`.
pub(super) fn find_renumbering_hint(text: &str, country: Country) -> Option<&'static str> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let international = match text.trim().strip_prefix('+') {
        Some(_) => Some(digits.as_str()),
        None => digits.strip_prefix("00"),
    };
    let renumbering = RENUMBERINGS.iter().find(|renumbering| {
        let national = match international {
            Some(number) => number.strip_prefix(renumbering.calling_code),
            None if renumbering.country == country => Some(digits.as_str()),
            None => None,
        };
        national.is_some_and(|national| national.len() == FORMER_DIGITS)
    })?;
    Some(renumbering.hint)
}

/// Returns every form of a number in E.164 under which the same phone may write or be stored.
pub fn list_number_forms(number: &str) -> Vec<String> {
    let mut forms = vec![number.to_owned()];
    for renumbering in &RENUMBERINGS {
        let prefix = format!("+{}", renumbering.calling_code);
        let Some(national) = number.strip_prefix(&prefix).filter(|rest| rest.is_ascii()) else {
            continue;
        };
        if national.len() == FORMER_DIGITS {
            let added = (renumbering.added_digits)(national);
            forms.extend(added.map(|added| format!("{prefix}{added}{national}")));
        } else if national.len() == PRESENT_DIGITS {
            let (added, former) = national.split_at(PRESENT_DIGITS - FORMER_DIGITS);
            if (renumbering.added_digits)(former) == Some(added) {
                forms.push(format!("{prefix}{former}"));
            }
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_former_and_a_present_number_are_forms_of_each_other() {
        for (former, present) in [
            ("+22997123456", "+2290197123456"),
            ("+22507123456", "+2250707123456"),
            ("+22545123456", "+2250545123456"),
            ("+22502123456", "+2250102123456"),
        ] {
            assert_eq!(list_number_forms(former), [former, present]);
            assert_eq!(list_number_forms(present), [present, former]);
        }
        for number in [
            "+221771234567",
            "+2250507123456",
            "+22520123456",
            "",
            "+229é",
        ] {
            assert_eq!(list_number_forms(number), [number]);
        }
    }

    #[test]
    fn only_a_number_of_former_length_has_a_hint() {
        for (text, country, has_hint) in [
            ("97 12 34 56", Country::BJ, true),
            ("+229 97 12 34 56", Country::SN, true),
            ("00229 97123456", Country::SN, true),
            ("01 97 12 34 56", Country::BJ, false),
            ("97 12 34 56", Country::SN, false),
            ("07 12 34 56", Country::CI, true),
            ("07 07 12 34 56", Country::CI, false),
            ("12", Country::BJ, false),
        ] {
            let hint = find_renumbering_hint(text, country);
            assert_eq!(hint.is_some(), has_hint, "{text} {country:?}");
        }
    }
}
