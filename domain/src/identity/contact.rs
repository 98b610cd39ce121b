//! E-mail addresses and phone numbers as they are stored: lower case, and E.164.

use phonenumber::Mode;
use phonenumber::country::Id as Country;

use super::renumbering::find_renumbering_hint;
use crate::{Error, Result};

const MAX_ADDRESS_BYTES: usize = 254;

/// Returns the country of an ISO 3166 code such as `SN`, where it has phone numbers.
pub fn parse_country(field: &str, code: &str) -> Result<Country> {
    code.parse().map_err(|_| {
        Error::invalid(
            field,
            "unknown_country",
            "not an ISO 3166 code of two letters",
        )
    })
}

/// Returns the phone number in E.164; a national form is a number of `country`.
///
/// # Errors
/// `Invalid`; the code `renumbered` says that the number is of a length that the country has given
/// up.
pub fn parse_phone(field: &str, text: &str, country: Country) -> Result<String> {
    if let Some(hint) = find_renumbering_hint(text, country) {
        return Err(Error::invalid(field, "renumbered", hint));
    }
    phonenumber::parse(Some(country), text.trim())
        .ok()
        .filter(phonenumber::is_valid)
        .map(|number| number.format().mode(Mode::E164).to_string())
        .ok_or_else(|| {
            Error::invalid(
                field,
                "invalid_phone",
                "not a phone number; international numbers begin with +",
            )
        })
}

/// Returns the e-mail address, trimmed and in lower case. Accepts the syntax that mail servers
/// accept without quoting; only a delivered message proves that the address exists.
pub fn parse_email(field: &str, text: &str) -> Result<String> {
    let address = text.trim().to_lowercase();
    let is_well_formed = address
        .split_once('@')
        .is_some_and(|(local, host)| is_local_part(local) && is_host(host));
    if is_well_formed && address.len() <= MAX_ADDRESS_BYTES {
        Ok(address)
    } else {
        Err(Error::invalid(
            field,
            "invalid_email",
            "not an e-mail address",
        ))
    }
}

fn is_local_part(local: &str) -> bool {
    (1..=64).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b))
}

fn is_host(host: &str) -> bool {
    host.contains('.')
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
        && !host
            .rsplit('.')
            .next()
            .is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_valid_syntax_and_become_lower_case() {
        assert_eq!(
            parse_email("email", " Awa.Diop@Example.SN ").unwrap(),
            "awa.diop@example.sn"
        );
        for valid in [
            "a@b.co",
            "awa+caisse@boutique-dakar.sn",
            "a_b@xn--bcher-kva.example",
        ] {
            assert!(parse_email("email", valid).is_ok(), "{valid}");
        }
        for invalid in [
            "",
            "ndèye@x.sn",
            "awa",
            "@b.co",
            "a@b",
            "a b@c.sn",
            "a..b@c.sn",
            "a@-c.sn",
            "a@c..sn",
            "a@1.2.3.4",
            "a@b.sn, c@d.sn",
        ] {
            assert!(parse_email("email", invalid).is_err(), "{invalid}");
        }
    }

    #[test]
    fn national_numbers_are_numbers_of_the_country() {
        let cases = [
            ("77 123 45 67", Some("+221771234567")),
            ("00221 77 123 45 67", Some("+221771234567")),
            ("+33 6 12 34 56 78", Some("+33612345678")),
            ("12", None),
            ("77 123 45", None),
            ("not a number", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                parse_phone("phone", text, Country::SN).ok().as_deref(),
                expected,
                "{text}"
            );
        }
        assert!(parse_country("country", "XX").is_err());
    }

    #[test]
    fn a_number_of_benin_has_ten_digits() {
        for text in ["01 97 12 34 56", "+229 01 97 12 34 56", "00229 0197123456"] {
            let number = parse_phone("phone", text, Country::BJ).unwrap();
            assert_eq!(number, "+2290197123456", "{text}");
        }
        let Err(Error::Invalid(fields)) = parse_phone("phone", "97 12 34 56", Country::BJ) else {
            panic!("a former number was accepted");
        };
        assert_eq!(fields[0].code, "renumbered");
        assert!(fields[0].message.contains("01"), "{}", fields[0].message);
    }
}
