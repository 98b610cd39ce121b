//! A person and what the person holds: account, memberships, sessions, keys, invitations.

use chrono::{DateTime, Utc};
use platform::id_type;
use platform::ids::{CompanyId, UserId};
use serde::{Deserialize, Serialize};

use super::contact::{self, country};
use super::password::check_password;
use super::role::Role;
use crate::{Error, Result};

id_type!(
    SessionId,
    "One signed-in device: a family of refresh tokens."
);
id_type!(ApiKeyId, "An API key of a company.");
id_type!(InvitationId, "An invitation into a company.");
id_type!(PasswordResetId, "A request to reset a password.");
id_type!(OperatorId, "A person of the platform.");

/// The language of what a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Language {
    #[default]
    Fr,
    En,
}

/// An account, without its password's hash, which only [`super::find_credentials`] gives.
#[derive(Debug, Clone, Serialize)]
pub struct User {
    pub id: UserId,
    pub email: String,
    pub full_name: String,
    pub phone: Option<String>,
    pub language: Language,
    pub must_change_password: bool,
    pub version: i32,
    pub created_at: DateTime<Utc>,
}

/// Somebody of a company.
#[derive(Debug, Clone, Serialize)]
pub struct Member {
    pub user_id: UserId,
    pub email: String,
    pub full_name: String,
    pub phone: Option<String>,
    pub language: Language,
    pub role: Role,
    pub active: bool,
    pub version: i32,
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub role: Role,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub accepted_at: Option<DateTime<Utc>>,
}

/// What a list shows of a key; the key itself is shown once, when it is made.
#[derive(Debug, Clone, Serialize)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub name: String,
    pub prefix: String,
    pub role: Role,
    pub created_by: UserId,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    /// # Errors
    /// `Invalid` with `name`, or with `role`: no key owns a company.
    pub fn new(
        name: &str,
        prefix: String,
        role: Role,
        by: UserId,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        if role == Role::Owner {
            return Err(Error::invalid("role", "unsupported", "at most admin"));
        }
        Ok(Self {
            id: ApiKeyId::new(),
            name: check_name("name", name)?,
            prefix,
            role,
            created_by: by,
            created_at: now,
            last_used_at: None,
            revoked_at: None,
        })
    }
}

/// What a person says of themselves, as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Profile<'a> {
    pub email: &'a str,
    pub full_name: &'a str,
    pub phone: Option<&'a str>,
    pub language: Option<Language>,
    /// ISO 3166, for phone numbers in national form.
    pub country: &'a str,
}

/// An account to be written: everything checked.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub id: UserId,
    pub email: String,
    pub full_name: String,
    pub phone: Option<String>,
    pub language: Language,
    pub must_change_password: bool,
}

impl NewUser {
    /// Checks profile and password, and names every wrong field at once.
    ///
    /// # Errors
    /// `Invalid` with `email`, `full_name`, `phone` or `password`.
    pub fn check(profile: Profile<'_>, password: &str) -> Result<Self> {
        let mut wrong = Vec::new();
        let mut keep = |error: Error| {
            if let Error::Invalid(fields) = error {
                wrong.extend(fields);
            }
        };
        let email = contact::parse_email("email", profile.email)
            .map_err(&mut keep)
            .ok();
        let full_name = check_name("full_name", profile.full_name)
            .map_err(&mut keep)
            .ok();
        let phone = profile
            .phone
            .map(|text| parse_phone_of(text, profile.country))
            .transpose()
            .map_err(&mut keep)
            .ok();
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
                must_change_password: false,
            }),
            _ => Err(Error::Invalid(wrong)),
        }
    }
}

/// What a person changes of themselves: `None` keeps, `Some(None)` clears.
#[derive(Debug, Clone, Default)]
pub struct ProfileChanges {
    pub full_name: Option<String>,
    pub phone: Option<Option<String>>,
    pub language: Option<Language>,
}

impl ProfileChanges {
    /// # Errors
    /// `Invalid` with the wrong field.
    pub fn check(mut self) -> Result<Self> {
        if let Some(name) = &self.full_name {
            self.full_name = Some(check_name("full_name", name)?);
        }
        if let Some(Some(phone)) = &self.phone {
            self.phone = Some(Some(parse_phone_of(phone, "SN")?));
        }
        Ok(self)
    }
}

fn parse_phone_of(text: &str, country_code: &str) -> Result<String> {
    contact::parse_phone("phone", text, country("country", country_code)?)
}

/// A name as it is kept: trimmed, 1 to 200 characters, none of control.
pub(super) fn check_name(field: &str, text: &str) -> Result<String> {
    let name = text.trim();
    if name.is_empty() {
        return Err(Error::invalid(field, "required", "must not be empty"));
    }
    if name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Error::invalid(
            field,
            "invalid_name",
            "at most 200 characters, without line breaks",
        ));
    }
    Ok(name.to_owned())
}

/// The company, and the caller's part in it.
#[derive(Debug, Clone, Serialize)]
pub struct OwnCompany {
    pub id: CompanyId,
    pub name: String,
    pub role: Role,
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
        let Err(Error::Invalid(fields)) = NewUser::check(profile, "short") else {
            panic!("a wrong registration was taken");
        };
        let named: Vec<_> = fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(named, ["email", "full_name", "phone", "password"]);
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
        let user = NewUser::check(profile, "ndeye-vend-du-riz").unwrap();
        assert_eq!(user.phone.as_deref(), Some("+221771234567"));
        assert_eq!(
            (user.email.as_str(), user.full_name.as_str()),
            ("awa@example.sn", "Awa Diop")
        );
        assert_eq!(user.language, Language::Fr);
    }
}
