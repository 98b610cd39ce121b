//! A company: what it is called, where it is, and in which money, time and language it lives.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use platform::ids::CompanyId;
use serde::Serialize;

use super::account::{Language, check_name};
use super::contact;
use crate::{Error, FieldError, Result};

#[derive(Debug, Clone, Serialize)]
pub struct Company {
    pub id: CompanyId,
    pub name: String,
    /// ISO 3166.
    pub country: String,
    /// ISO 4217.
    pub currency: String,
    /// IANA name; the company's days begin and end by it.
    pub timezone: String,
    pub language: Language,
    pub version: i32,
    pub created_at: DateTime<Utc>,
}

/// What may be left out of a new company, with what it then is.
#[derive(Debug, Clone)]
pub struct CompanyProfile {
    pub country: String,
    pub currency: String,
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

/// A company to be written: everything checked.
#[derive(Debug, Clone)]
pub struct NewCompany {
    pub id: CompanyId,
    pub name: String,
    pub profile: CompanyProfile,
}

impl NewCompany {
    /// # Errors
    /// `Invalid` with every wrong field.
    pub fn check(name: &str, profile: CompanyProfile) -> Result<Self> {
        Self::check_as("name", name, profile)
    }

    /// As [`NewCompany::check`], for a request that calls the name `name_field`.
    ///
    /// # Errors
    /// `Invalid` with every wrong field.
    pub fn check_as(name_field: &str, name: &str, profile: CompanyProfile) -> Result<Self> {
        let changes = CompanyChanges {
            name: Some(name.to_owned()),
            country: Some(profile.country.clone()),
            currency: Some(profile.currency.clone()),
            timezone: Some(profile.timezone.clone()),
            language: None,
        };
        let checked = changes.check_as(name_field)?;
        Ok(Self {
            id: CompanyId::new(),
            name: checked.name.unwrap_or_default(),
            profile,
        })
    }
}

/// What an admin changes: `None` keeps.
#[derive(Debug, Clone, Default)]
pub struct CompanyChanges {
    pub name: Option<String>,
    pub country: Option<String>,
    pub currency: Option<String>,
    pub timezone: Option<String>,
    pub language: Option<Language>,
}

impl CompanyChanges {
    /// # Errors
    /// `Invalid` with every wrong field.
    pub fn check(self) -> Result<Self> {
        self.check_as("name")
    }

    fn check_as(mut self, name_field: &str) -> Result<Self> {
        let mut wrong = Vec::new();
        let mut refuse = |field: &str, code, message: &str| {
            wrong.push(FieldError {
                field: field.to_owned(),
                code,
                message: message.to_owned(),
            });
        };
        if let Some(name) = &self.name {
            match check_name("name", name) {
                Ok(name) => self.name = Some(name),
                Err(_) => refuse(
                    name_field,
                    "invalid_name",
                    "1 to 200 characters, without line breaks",
                ),
            }
        }
        if self
            .country
            .as_deref()
            .is_some_and(|code| contact::country("country", code).is_err())
        {
            refuse(
                "country",
                "unknown_country",
                "not an ISO 3166 code of two letters",
            );
        }
        if self
            .currency
            .as_deref()
            .is_some_and(|code| iso_currency::Currency::from_code(code).is_none())
        {
            refuse(
                "currency",
                "unknown_currency",
                "not an ISO 4217 code of three letters",
            );
        }
        if self
            .timezone
            .as_deref()
            .is_some_and(|name| name.parse::<Tz>().is_err())
        {
            refuse("timezone", "unknown_timezone", "not an IANA time zone");
        }
        if wrong.is_empty() {
            Ok(self)
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_is_senegalese_unless_said() {
        let company = NewCompany::check(" Boutique Awa ", CompanyProfile::default()).unwrap();
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
    fn places_currencies_and_zones_are_real_ones() {
        let profile = CompanyProfile {
            country: "Senegal".to_owned(),
            currency: "CFA".to_owned(),
            timezone: "Dakar".to_owned(),
            language: Language::Fr,
        };
        let Err(Error::Invalid(fields)) = NewCompany::check("", profile) else {
            panic!("a wrong company was taken");
        };
        let named: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(named, ["name", "country", "currency", "timezone"]);
    }
}
