//! Input for accounts: a registration and changes of a profile.

use platform::ids::UserId;

use super::contact::{parse_country, parse_email, parse_phone};
use super::language::Language;
use super::name::parse_name;
use super::password::check_password;
use crate::{Error, FieldError, Result};

/// The country of a national phone number where no company names one.
const DEFAULT_COUNTRY: &str = "SN";

/// A person's own data, as received.
#[derive(Debug, Clone, Copy)]
pub struct Profile<'a> {
    pub email: &'a str,
    pub full_name: &'a str,
    pub phone: Option<&'a str>,
    pub language: Option<Language>,
    /// ISO 3166, for phone numbers in national form.
    pub country: &'a str,
}

/// A validated account.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub id: UserId,
    pub email: String,
    pub full_name: String,
    pub phone: Option<String>,
    pub language: Language,
}

impl NewUser {
    /// Validates profile and password.
    ///
    /// # Errors
    /// `Invalid` with every wrong field: `email`, `full_name`, `phone`, `password`.
    pub fn validate(profile: Profile<'_>, password: &str) -> Result<Self> {
        let mut wrong = Vec::new();
        let email = keep_valid(parse_email("email", profile.email), &mut wrong);
        let full_name = keep_valid(parse_name("full_name", profile.full_name), &mut wrong);
        let phone = profile
            .phone
            .map(|text| parse_phone_of(text, profile.country))
            .transpose();
        let phone = keep_valid(phone, &mut wrong);
        wrong.extend(check_password(
            "password",
            password,
            profile.email,
            profile.full_name,
        ));
        match (email, full_name, phone) {
            (Some(email), Some(full_name), Some(phone)) if wrong.is_empty() => Ok(Self {
                id: UserId::new(),
                email,
                full_name,
                phone,
                language: profile.language.unwrap_or_default(),
            }),
            _ => Err(Error::Invalid(wrong)),
        }
    }
}

fn keep_valid<T>(parsed: Result<T>, wrong: &mut Vec<FieldError>) -> Option<T> {
    match parsed {
        Ok(value) => Some(value),
        Err(Error::Invalid(fields)) => {
            wrong.extend(fields);
            None
        }
        Err(_) => None,
    }
}

/// Changes of one's own profile: `None` keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct ProfileChanges {
    pub full_name: Option<String>,
    pub phone: Option<Option<String>>,
    pub language: Option<Language>,
}

impl ProfileChanges {
    /// Validates and normalises the changed fields. A phone number in national form is one of the
    /// person's companies' `countries`, ISO 3166.
    pub fn validate(mut self, countries: &[String]) -> Result<Self> {
        if let Some(name) = &self.full_name {
            self.full_name = Some(parse_name("full_name", name)?);
        }
        if let Some(Some(phone)) = &self.phone {
            self.phone = Some(Some(parse_phone_in(phone, countries)?));
        }
        Ok(self)
    }
}

/// Parses a number that is valid in one of the countries. Where it is another number in each of
/// several, only its international form says which is meant.
fn parse_phone_in(text: &str, country_codes: &[String]) -> Result<String> {
    let Some((first, others)) = country_codes.split_first() else {
        return parse_phone_of(text, DEFAULT_COUNTRY);
    };
    let mut parsed = parse_phone_of(text, first);
    for code in others {
        let other = parse_phone_of(text, code);
        match (&parsed, &other) {
            (Ok(number), Ok(other)) if number != other => {
                return Err(Error::invalid(
                    "phone",
                    "ambiguous_phone",
                    "a number in several of your companies' countries: begin with + and the \
                     country's code",
                ));
            }
            (Err(_), Ok(_)) => parsed = other,
            _ => {}
        }
    }
    parsed
}

fn parse_phone_of(text: &str, country_code: &str) -> Result<String> {
    parse_phone("phone", text, parse_country("country", country_code)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_of_a_registration_is_named_at_once() {
        let profile = Profile {
            email: "nope",
            full_name: " ",
            phone: Some("12"),
            language: None,
            country: "SN",
        };
        let Err(Error::Invalid(fields)) = NewUser::validate(profile, "short") else {
            panic!("an invalid registration was accepted");
        };
        let named: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(named, ["email", "full_name", "phone", "password"]);
    }

    #[test]
    fn a_changed_phone_number_is_read_by_the_companies_countries() {
        let changed = |text: &str, countries: &[&str]| {
            let changes = ProfileChanges {
                phone: Some(Some(text.to_owned())),
                ..ProfileChanges::default()
            };
            let countries: Vec<String> = countries.iter().map(|code| (*code).to_owned()).collect();
            match changes.validate(&countries) {
                Ok(changes) => changes.phone.flatten().unwrap_or_default(),
                Err(Error::Invalid(fields)) => fields[0].code.to_owned(),
                Err(other) => panic!("{other}"),
            }
        };
        for (text, countries, expected) in [
            ("01 97 12 34 56", &["BJ"][..], "+2290197123456"),
            ("01 97 12 34 56", &["SN", "BJ"], "+2290197123456"),
            ("77 123 45 67", &["SN", "BJ"], "+221771234567"),
            ("77 123 45 67", &[], "+221771234567"),
            ("97 12 34 56", &["BJ"], "renumbered"),
            ("+229 97 12 34 56", &["SN"], "renumbered"),
            ("01 97 12 34 56", &["SN"], "invalid_phone"),
            ("06 12 34 56 78", &["FR", "IT"], "ambiguous_phone"),
        ] {
            assert_eq!(changed(text, countries), expected, "{text} {countries:?}");
        }
    }

    #[test]
    fn a_phone_number_in_national_form_becomes_international() {
        let profile = Profile {
            email: "Awa@Example.sn",
            full_name: " Awa Diop ",
            phone: Some("77 123 45 67"),
            language: None,
            country: "SN",
        };
        let user = NewUser::validate(profile, "ndeye-vend-du-riz").unwrap();
        assert_eq!(user.phone.as_deref(), Some("+221771234567"));
        assert_eq!(user.email, "awa@example.sn");
        assert_eq!(user.full_name, "Awa Diop");
        assert_eq!(user.language, Language::Fr);
    }
}
