//! Input for companies: a new one and changes of its settings.

use chrono_tz::Tz;
use platform::ids::CompanyId;

use super::contact::parse_country;
use super::language::Language;
use super::name::parse_name;
use crate::{Error, FieldError, Result};

/// The optional settings of a new company, with their defaults.
#[derive(Debug, Clone)]
pub struct CompanyProfile {
    /// ISO 3166.
    pub country: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA name.
    pub timezone: String,
    pub language: Language,
}

impl Default for CompanyProfile {
    fn default() -> Self {
        Self {
            country: "SN".to_owned(),
            currency: "XOF".to_owned(),
            timezone: "Africa/Dakar".to_owned(),
            language: Language::Fr,
        }
    }
}

/// A validated company.
#[derive(Debug, Clone)]
pub struct NewCompany {
    pub id: CompanyId,
    pub name: String,
    pub profile: CompanyProfile,
}

impl NewCompany {
    /// Validates name and profile; every wrong field is in the error.
    pub fn validate(name: &str, profile: CompanyProfile) -> Result<Self> {
        Self::validate_as("name", name, profile)
    }

    /// Does the same for a request whose field `name_field` holds the name.
    pub fn validate_as(name_field: &str, name: &str, profile: CompanyProfile) -> Result<Self> {
        let mut wrong = Vec::new();
        let name = parse_company_name(name_field, name, &mut wrong);
        validate_country(&profile.country, &mut wrong);
        validate_currency(&profile.currency, &mut wrong);
        validate_timezone(&profile.timezone, &mut wrong);
        match name {
            Some(name) if wrong.is_empty() => Ok(Self {
                id: CompanyId::new(),
                name,
                profile,
            }),
            _ => Err(Error::Invalid(wrong)),
        }
    }
}

/// An admin's changes: `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct CompanyChanges {
    pub name: Option<String>,
    pub country: Option<String>,
    pub currency: Option<String>,
    pub timezone: Option<String>,
    pub language: Option<Language>,
}

impl CompanyChanges {
    /// Validates the changed fields; every wrong one is in the error.
    pub fn validate(mut self) -> Result<Self> {
        let mut wrong = Vec::new();
        if let Some(name) = self.name {
            self.name = parse_company_name("name", &name, &mut wrong);
        }
        if let Some(code) = &self.country {
            validate_country(code, &mut wrong);
        }
        if let Some(code) = &self.currency {
            validate_currency(code, &mut wrong);
        }
        if let Some(name) = &self.timezone {
            validate_timezone(name, &mut wrong);
        }
        if wrong.is_empty() {
            Ok(self)
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

fn parse_company_name(field: &str, text: &str, wrong: &mut Vec<FieldError>) -> Option<String> {
    let name = parse_name(field, text).ok();
    if name.is_none() {
        let message = "1 to 200 characters, without line breaks";
        wrong.push(field_error(field, "invalid_name", message));
    }
    name
}

fn validate_country(code: &str, wrong: &mut Vec<FieldError>) {
    if parse_country("country", code).is_err() {
        let message = "not an ISO 3166 code of two letters";
        wrong.push(field_error("country", "unknown_country", message));
    }
}

fn validate_currency(code: &str, wrong: &mut Vec<FieldError>) {
    if iso_currency::Currency::from_code(code).is_none() {
        let message = "not an ISO 4217 code of three letters";
        wrong.push(field_error("currency", "unknown_currency", message));
    }
}

fn validate_timezone(name: &str, wrong: &mut Vec<FieldError>) {
    if name.parse::<Tz>().is_err() {
        wrong.push(field_error(
            "timezone",
            "unknown_timezone",
            "not an IANA time zone",
        ));
    }
}

fn field_error(field: &str, code: &'static str, message: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        code,
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_is_senegalese_by_default() {
        let company = NewCompany::validate(" Boutique Awa ", CompanyProfile::default()).unwrap();
        assert_eq!(company.name, "Boutique Awa");
        assert_eq!(
            (
                company.profile.currency.as_str(),
                company.profile.timezone.as_str()
            ),
            ("XOF", "Africa/Dakar")
        );
    }

    #[test]
    fn unknown_places_currencies_and_zones_are_rejected() {
        let profile = CompanyProfile {
            country: "Senegal".to_owned(),
            currency: "CFA".to_owned(),
            timezone: "Dakar".to_owned(),
            language: Language::Fr,
        };
        let Err(Error::Invalid(fields)) = NewCompany::validate("", profile) else {
            panic!("an invalid company was accepted");
        };
        let named: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(named, ["name", "country", "currency", "timezone"]);
    }
}
