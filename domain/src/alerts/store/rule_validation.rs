//! Validates a rule. All invalid fields are reported together.

use phonenumber::country::Id as Country;
use platform::ids::UserId;
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::super::recipients::{Audience, channel_of};
use super::super::rule::{Recipient, RuleKind};
use super::{NewRule, load_audience};
use crate::identity::contact::{parse_country, parse_email, parse_phone};
use crate::notifications::Channel;
use crate::{Error, FieldError, Result};

const MAX_NAME_CHARS: usize = 200;
/// Alerts go to the people of a company, not to a list of addresses.
const MAX_RECIPIENTS: usize = 20;

impl NewRule {
    /// Validates every field and normalises the addresses.
    pub(super) async fn validate(mut self, conn: &mut PgConnection) -> Result<Self> {
        let mut errors = Vec::new();
        let mut reject = |field: &str, code, message: &str| {
            errors.push(FieldError {
                field: field.to_owned(),
                code,
                message: message.to_owned(),
            });
        };
        self.name = self.name.trim().to_owned();
        if self.name.is_empty() || self.name.chars().count() > MAX_NAME_CHARS {
            reject("name", "invalid", "must have 1 to 200 characters");
        }
        if let Some(threshold) = self.threshold
            && let Err((code, message)) = self.kind.validate_threshold(threshold)
        {
            reject("threshold", code, message);
        }
        if self.filter.site_id.is_some() && !self.kind.supports_sites() {
            reject(
                "filter.site_id",
                "not_allowed",
                "demand isn't known by site",
            );
        }
        self.channels.sort_unstable();
        self.channels.dedup();
        self.recipients = validate_recipients(conn, self.recipients, &mut errors).await?;
        if errors.is_empty() {
            Ok(self)
        } else {
            Err(Error::Invalid(errors))
        }
    }
}

impl RuleKind {
    /// On failure returns the code and the message of the field error.
    fn validate_threshold(self, threshold: Decimal) -> Result<(), (&'static str, &'static str)> {
        let maximum = match self {
            Self::Rupture | Self::LowStock => Decimal::MAX,
            Self::PredictedRupture => Decimal::ONE,
        };
        if threshold.is_sign_negative() || threshold > maximum {
            return Err((
                "out_of_range",
                "must be a quantity, or a chance from 0 to 1",
            ));
        }
        match self {
            Self::Rupture => Err(("not_allowed", "a rupture rule has none")),
            Self::LowStock | Self::PredictedRupture => Ok(()),
        }
    }

    /// Whether the figures of the condition are known for each site.
    fn supports_sites(self) -> bool {
        match self {
            Self::Rupture | Self::LowStock => true,
            Self::PredictedRupture => false,
        }
    }
}

async fn validate_recipients(
    conn: &mut PgConnection,
    recipients: Vec<Recipient>,
    errors: &mut Vec<FieldError>,
) -> Result<Vec<Recipient>> {
    if recipients.len() > MAX_RECIPIENTS {
        errors.push(FieldError {
            field: "recipients".to_owned(),
            code: "too_many",
            message: format!("at most {MAX_RECIPIENTS} recipients"),
        });
        return Ok(Vec::new());
    }
    let country = load_country(conn).await?;
    let audience = load_audience(conn).await?;
    let mut valid = Vec::with_capacity(recipients.len());
    for (i, recipient) in recipients.into_iter().enumerate() {
        let checked = match recipient {
            Recipient::User { user_id } => {
                require_member(&audience, user_id, &format!("recipients[{i}].user_id"))
            }
            Recipient::Address { address } => {
                let field = format!("recipients[{i}].address");
                let address = parse_address(&field, &address, country);
                address.and_then(|address| require_consent(&audience, address, &field))
            }
        };
        match checked {
            Ok(recipient) => valid.push(recipient),
            Err(Error::Invalid(fields)) => errors.extend(fields),
            Err(other) => return Err(other),
        }
    }
    Ok(valid)
}

fn require_member(audience: &Audience, user_id: UserId, field: &str) -> Result<Recipient> {
    if audience.members.iter().any(|m| m.user_id == user_id) {
        return Ok(Recipient::User { user_id });
    }
    Err(Error::invalid(field, "not_a_member", "isn't a member"))
}

fn require_consent(audience: &Audience, address: String, field: &str) -> Result<Recipient> {
    if audience.accepts(&address) {
        return Ok(Recipient::Address { address });
    }
    Err(Error::invalid(
        field,
        "not_confirmed",
        "has not agreed to receive your alerts: send it a code with POST /alert-recipients, then \
         confirm it with the code",
    ))
}

/// Returns an e-mail address or a phone number as it is stored.
pub(super) fn parse_address(field: &str, address: &str, country: Country) -> Result<String> {
    match channel_of(address) {
        Channel::Email => parse_email(field, address),
        Channel::Whatsapp => parse_phone(field, address, country),
    }
}

/// Returns the country of the transaction's company.
pub(super) async fn load_country(conn: &mut PgConnection) -> Result<Country> {
    let code = sqlx::query_scalar!("select country from companies where id = current_company_id()")
        .fetch_one(conn)
        .await?;
    parse_country("country", &code)
}
