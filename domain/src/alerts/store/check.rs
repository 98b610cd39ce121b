//! Whether a rule can be written: every wrong field is told at once.

use platform::ids::UserId;
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::super::rule::{Recipient, RuleKind};
use super::NewRule;
use crate::identity::contact::{parse_country, parse_email, parse_phone};
use crate::{Error, FieldError, Result};

impl NewRule {
    /// Checks everything, and puts addresses into the form that they are stored in.
    pub(super) async fn checked(mut self, conn: &mut PgConnection) -> Result<Self> {
        let mut wrong = Vec::new();
        let mut refuse = |field: &str, code, message: &str| {
            wrong.push(FieldError {
                field: field.to_owned(),
                code,
                message: message.to_owned(),
            });
        };
        self.name = self.name.trim().to_owned();
        if self.name.is_empty() || self.name.chars().count() > 200 {
            refuse("name", "invalid", "must have 1 to 200 characters");
        }
        let negative = self.threshold.is_some_and(|t| t.is_sign_negative());
        let above_one = self.threshold.is_some_and(|t| t > Decimal::ONE);
        if negative || (self.kind == RuleKind::PredictedRupture && above_one) {
            refuse(
                "threshold",
                "out_of_range",
                "must be a quantity, or a chance from 0 to 1",
            );
        } else if self.kind == RuleKind::Rupture && self.threshold.is_some() {
            refuse("threshold", "not_allowed", "a rupture rule has none");
        }
        if self.kind == RuleKind::PredictedRupture && self.filter.site_id.is_some() {
            refuse(
                "filter.site_id",
                "not_allowed",
                "demand isn't known by site",
            );
        }
        self.channels.sort_unstable();
        self.channels.dedup();
        self.recipients = check_recipients(conn, self.recipients, &mut wrong).await?;
        if wrong.is_empty() {
            Ok(self)
        } else {
            Err(Error::Invalid(wrong))
        }
    }
}

async fn check_recipients(
    conn: &mut PgConnection,
    recipients: Vec<Recipient>,
    wrong: &mut Vec<FieldError>,
) -> Result<Vec<Recipient>> {
    let code = sqlx::query_scalar!("select country from companies where id = current_company_id()")
        .fetch_one(&mut *conn)
        .await?;
    let country = parse_country("country", &code)?;
    let members =
        sqlx::query_scalar!(r#"select user_id as "id: UserId" from memberships where active"#)
            .fetch_all(conn)
            .await?;
    let mut checked = Vec::with_capacity(recipients.len());
    for (i, recipient) in recipients.into_iter().enumerate() {
        let field = format!("recipients[{i}].address");
        let stored = match recipient {
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
        match stored {
            Ok(recipient) => checked.push(recipient),
            Err(Error::Invalid(fields)) => wrong.extend(fields),
            Err(other) => return Err(other),
        }
    }
    Ok(checked)
}
