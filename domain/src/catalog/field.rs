//! Collects what is wrong with a request, so that everything is said at once.

use platform::money::Decimal;

use super::amount::Amount;
use crate::{Error, FieldError, Result};

/// The wrong fields found so far, each under the path of the item being read.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    prefix: String,
    wrong: Vec<FieldError>,
}

impl Refusals {
    /// Names the fields that follow as those of the list's item `index`: `[3].sku`.
    pub(super) fn at(&mut self, index: usize) {
        self.prefix = format!("[{index}].");
    }

    pub(super) fn refuse(&mut self, field: &str, code: &'static str, message: impl Into<String>) {
        self.wrong.push(FieldError {
            field: format!("{}{field}", self.prefix),
            code,
            message: message.into(),
        });
    }

    /// Trimmed text of 1 to `longest` characters without control characters.
    pub(super) fn text(&mut self, field: &str, text: &str, longest: usize) -> String {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            self.refuse(field, "required", "must not be empty");
        } else if trimmed.chars().count() > longest {
            self.refuse(field, "too_long", format!("at most {longest} characters"));
        } else if trimmed.chars().any(char::is_control) {
            self.refuse(
                field,
                "invalid_text",
                "no line breaks or control characters",
            );
        }
        trimmed.to_owned()
    }

    /// The same where it may be absent; empty text is absent.
    pub(super) fn optional_text(
        &mut self,
        field: &str,
        text: Option<&str>,
        longest: usize,
    ) -> Option<String> {
        let text = text.filter(|text| !text.trim().is_empty())?;
        Some(self.text(field, text, longest))
    }

    pub(super) fn quantity(&mut self, field: &str, amount: Amount) -> Decimal {
        amount.quantity().unwrap_or_else(|message| {
            self.refuse(field, "out_of_range", message);
            Decimal::ZERO
        })
    }

    /// A unit price, zero or more.
    pub(super) fn price(&mut self, field: &str, amount: Amount) -> Decimal {
        let price = amount.price().unwrap_or_else(|message| {
            self.refuse(field, "out_of_range", message);
            Decimal::ZERO
        });
        if price < Decimal::ZERO {
            self.refuse(field, "negative", "must not be negative");
        }
        price
    }

    /// # Errors
    /// `Invalid` with everything refused.
    pub(super) fn finish(self) -> Result<()> {
        if self.wrong.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self.wrong))
        }
    }
}
