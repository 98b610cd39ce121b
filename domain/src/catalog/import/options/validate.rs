//! The rules of options that their types can't express.

use std::collections::BTreeMap;

use super::{Charset, DELIMITERS, Options};
use crate::catalog::code_key::compute_key;
use crate::catalog::import::context::parse_currency;
use crate::catalog::import::field::Field;
use crate::{Error, FieldError, Result};

const MAX_IGNORED_CODES: usize = 1000;
const MAX_MEANINGS: usize = 1000;
const MAX_CODE_BYTES: usize = 100;
const MAX_PREFIX_BYTES: usize = 20;
const MAX_SHEET_BYTES: usize = 200;

impl Options {
    /// Validates every option and reports all invalid ones together.
    pub fn validate(&self) -> Result<()> {
        let errors: Vec<FieldError> = [
            self.validate_delimiter(),
            self.validate_sheet(),
            self.validate_encoding(),
            self.validate_currency(),
            self.validate_timezone(),
            self.validate_ignored_codes(),
            self.validate_prefix(),
            self.validate_values(),
        ]
        .into_iter()
        .flatten()
        .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(errors))
        }
    }

    fn validate_delimiter(&self) -> Option<FieldError> {
        self.delimiter
            .filter(|delimiter| !DELIMITERS.contains(delimiter))
            .map(|_| {
                let message = "is one of , ; | and the tab";
                field_error("delimiter", "unknown_delimiter", message)
            })
    }

    fn validate_sheet(&self) -> Option<FieldError> {
        let name = self.sheet.as_deref()?.trim();
        (name.is_empty() || name.len() > MAX_SHEET_BYTES)
            .then(|| field_error("sheet", "invalid_sheet", "1 to 200 characters"))
    }

    fn validate_encoding(&self) -> Option<FieldError> {
        let label = self.encoding.as_deref()?;
        Charset::find_label(label).is_none().then(|| {
            let message = format!("\"{}\" is no known encoding", shorten_text(label));
            field_error("encoding", "unknown_encoding", message)
        })
    }

    fn validate_currency(&self) -> Option<FieldError> {
        let code = self.currency.as_deref()?;
        parse_currency(code).is_none().then(|| {
            let message = format!("\"{}\" is no ISO 4217 code", shorten_text(code));
            field_error("currency", "unknown_currency", message)
        })
    }

    fn validate_timezone(&self) -> Option<FieldError> {
        let name = self.timezone.as_deref()?;
        name.parse::<chrono_tz::Tz>().is_err().then(|| {
            let message = format!("\"{}\" is no IANA zone", shorten_text(name));
            field_error("timezone", "unknown_timezone", message)
        })
    }

    fn validate_ignored_codes(&self) -> Option<FieldError> {
        let invalid = |code: &String| compute_key(code).is_empty() || code.len() > MAX_CODE_BYTES;
        let codes = &self.ignore_codes;
        (codes.len() > MAX_IGNORED_CODES || codes.iter().any(invalid)).then(|| {
            let message = "up to 1000 codes of 1 to 100 characters";
            field_error("ignore_codes", "invalid_codes", message)
        })
    }

    fn validate_values(&self) -> Option<FieldError> {
        let has_words = |field: &Field| matches!(field, Field::Status | Field::Type | Field::Site);
        let meanings: usize = self.values.values().map(BTreeMap::len).sum();
        (meanings > MAX_MEANINGS || !self.values.keys().all(has_words)).then(|| {
            let message = "up to 1000 values of status, type and site";
            field_error("values", "invalid_values", message)
        })
    }

    fn validate_prefix(&self) -> Option<FieldError> {
        let prefix = self.cancellation_prefix.as_deref()?;
        (prefix.is_empty() || prefix.len() > MAX_PREFIX_BYTES).then(|| {
            field_error(
                "cancellation_prefix",
                "invalid_prefix",
                "1 to 20 characters",
            )
        })
    }
}

fn field_error(option: &str, code: &'static str, message: impl Into<String>) -> FieldError {
    FieldError {
        field: format!("options.{option}"),
        code,
        message: message.into(),
    }
}

fn shorten_text(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::import::options::Mode;

    #[test]
    fn options_take_the_documented_names_and_no_others() {
        let options: Options = serde_json::from_str(
            r#"{"mapping": {"sku": "StockCode", "date": "InvoiceDate"}, "delimiter": ";",
                "decimal": ",", "date_format": "d/m/Y", "mode": "all_or_nothing",
                "unknown_products": "reject", "stock": "none"}"#,
        )
        .unwrap();
        assert_eq!(
            options.mapping[&Field::Date].as_deref(),
            Some("InvoiceDate")
        );
        assert_eq!(options.mode, Mode::AllOrNothing);
        options.validate().unwrap();
        assert!(serde_json::from_str::<Options>(r#"{"delimeter": ";"}"#).is_err());
        assert!(serde_json::from_str::<Options>(r#"{"mapping": {"skoo": "a"}}"#).is_err());
    }

    #[test]
    fn every_invalid_option_is_reported_at_once() {
        let options = Options {
            encoding: Some("utf-9".into()),
            timezone: Some("Africa/Atlantis".into()),
            currency: Some("CFA".into()),
            delimiter: Some('x'),
            ..Options::default()
        };
        let Err(Error::Invalid(errors)) = options.validate() else {
            panic!("accepted")
        };
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "options.delimiter",
                "options.encoding",
                "options.currency",
                "options.timezone"
            ]
        );
    }
}
