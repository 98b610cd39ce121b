//! Validates a rule. All invalid fields are reported together.

use platform::ids::UserId;
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::super::rule::{Recipient, RuleKind};
use super::NewRule;
use crate::identity::contact::{parse_country, parse_email, parse_phone};
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
    let code = sqlx::query_scalar!("select country from companies where id = current_company_id()")
        .fetch_one(&mut *conn)
        .await?;
    let country = parse_country("country", &code)?;
    let members =
        sqlx::query_scalar!(r#"select user_id as "id: UserId" from memberships where active"#)
            .fetch_all(conn)
            .await?;
    let mut valid = Vec::with_capacity(recipients.len());
    for (i, recipient) in recipients.into_iter().enumerate() {
        let field = format!("recipients[{i}].address");
        let normalised = match recipient {
            Recipient::User { user_id } if members.contains(&user_id) => {
                Ok(Recipient::User { user_id })
            }
            Recipient::User { .. } => Err(Error::invalid(
                format!("recipients[{i}].user_id"),
                "not_a_member",
                "isn't a member",
            )),
            Recipient::Address { address } if address.contains('@') => {
                parse_email(&field, &address).map(|address| Recipient::Address { address })
            }
            Recipient::Address { address } => {
                parse_phone(&field, &address, country).map(|address| Recipient::Address { address })
            }
        };
        match normalised {
            Ok(recipient) => valid.push(recipient),
            Err(Error::Invalid(fields)) => errors.extend(fields),
            Err(other) => return Err(other),
        }
    }
    Ok(valid)
}
