//! Collects the field errors of a request, so that one response reports all of them.

use chrono::{DateTime, Datelike as _, TimeDelta, Utc};
use platform::money::Decimal;

use super::amount::Amount;
use super::code_key::compute_key;
use crate::{Error, FieldError, Result};

/// The limit of the tables for a number of days, such as those from order to delivery.
pub(super) const MAX_DAYS: i32 = 730;
/// How far the clock of a caller may be ahead of ours.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// The field errors found so far. Each field carries the path of the item that is being validated.
#[derive(Debug, Default)]
pub(super) struct FieldErrors {
    prefix: String,
    errors: Vec<FieldError>,
}

impl FieldErrors {
    /// Prefixes the fields that follow with the position of their item: `[3].sku`.
    pub(super) fn start_item(&mut self, index: usize) {
        self.prefix = format!("[{index}].");
    }

    pub(super) fn reject(&mut self, field: &str, code: &'static str, message: impl Into<String>) {
        self.errors.push(FieldError {
            field: format!("{}{field}", self.prefix),
            code,
            message: message.into(),
        });
    }

    /// Returns `text` trimmed. Requires 1 to `max_chars` characters and no control characters.
    pub(super) fn validate_text(&mut self, field: &str, text: &str, max_chars: usize) -> String {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            self.reject(field, "required", "must not be empty");
        } else if trimmed.chars().count() > max_chars {
            let message = format!("at most {max_chars} characters");
            self.reject(field, "too_long", message);
        } else if trimmed.chars().any(char::is_control) {
            let message = "no line breaks or control characters";
            self.reject(field, "invalid_text", message);
        }
        trimmed.to_owned()
    }

    /// Returns a code or a name, as [`FieldErrors::validate_text`]. Requires a key.
    pub(super) fn validate_code(&mut self, field: &str, text: &str, max_chars: usize) -> String {
        let code = self.validate_text(field, text, max_chars);
        if !code.is_empty() && compute_key(&code).is_empty() {
            let message = "must hold a visible character";
            self.reject(field, "no_visible_character", message);
        }
        code
    }

    /// Validates a text that may be absent; an empty text counts as absent.
    pub(super) fn validate_optional_text(
        &mut self,
        field: &str,
        text: Option<&str>,
        max_chars: usize,
    ) -> Option<String> {
        let text = text.filter(|text| !text.trim().is_empty())?;
        Some(self.validate_text(field, text, max_chars))
    }

    /// Returns zero for a rejected quantity.
    pub(super) fn validate_quantity(&mut self, field: &str, amount: Amount) -> Decimal {
        amount.to_quantity().unwrap_or_else(|message| {
            self.reject(field, "out_of_range", message);
            Decimal::ZERO
        })
    }

    /// Requires a unit price of zero or more. Returns zero for one with too many digits.
    pub(super) fn validate_price(&mut self, field: &str, amount: Amount) -> Decimal {
        let price = amount.to_price().unwrap_or_else(|message| {
            self.reject(field, "out_of_range", message);
            Decimal::ZERO
        });
        if price < Decimal::ZERO {
            self.reject(field, "negative", "must not be negative");
        }
        price
    }

    /// Requires 0 to [`MAX_DAYS`] days.
    pub(super) fn validate_days(&mut self, field: &str, days: Option<i32>) -> Option<i32> {
        if days.is_some_and(|days| !(0..=MAX_DAYS).contains(&days)) {
            self.reject(field, "out_of_range", format!("0 to {MAX_DAYS} days"));
        }
        days
    }

    /// Returns the time of a fact, `now` if absent. Rejects a time before 1970 and one further
    /// ahead than [`CLOCK_TOLERANCE`], because facts are no forecasts.
    pub(super) fn validate_fact_time(
        &mut self,
        field: &str,
        at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let at = at.unwrap_or(now);
        if at > now + CLOCK_TOLERANCE {
            self.reject(field, "in_future", "must not lie in the future");
        }
        if at < DateTime::UNIX_EPOCH {
            self.reject(field, "too_old", "must not lie before 1970");
        }
        at
    }

    /// Validates a time that may lie ahead; the database cannot store every year.
    pub(super) fn validate_year(
        &mut self,
        field: &str,
        at: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        if at.is_some_and(|at| !(1970..=9999).contains(&at.year())) {
            let message = "must lie between the years 1970 and 9999";
            self.reject(field, "out_of_range", message);
            return None;
        }
        at
    }

    pub(super) fn reject_currency(&mut self) {
        let message = "not an ISO 4217 code of three letters";
        self.reject("currency", "unknown_currency", message);
    }

    /// Fails with `Invalid` if any field was rejected.
    pub(super) fn into_result(self) -> Result<()> {
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.errors))
        }
    }
}
