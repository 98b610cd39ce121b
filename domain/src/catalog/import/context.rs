//! What an import takes from its company where its options leave it out.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use platform::money::Currency;

use super::file_error::FileError;
use super::options::Options;
use crate::Text;
use crate::identity::Language;

/// ISO 4217.
pub(super) type CurrencyCode = [u8; 3];

/// The company's settings and the time, read once per import.
#[derive(Debug, Clone)]
pub struct Context {
    pub now: DateTime<Utc>,
    pub zone: Tz,
    /// ISO 4217.
    pub currency: String,
    /// The language of what is said about the company's files.
    pub language: Language,
}

impl Context {
    /// Returns the zone of the file's times.
    pub(super) fn file_zone(&self, options: &Options) -> Result<Tz, FileError> {
        let Some(name) = &options.timezone else {
            return Ok(self.zone);
        };
        name.parse()
            .map_err(|_| FileError::new("unknown_timezone").with("name", name))
    }

    /// Returns the currency of the rows that name none.
    pub(super) fn file_currency(&self, options: &Options) -> Result<CurrencyCode, FileError> {
        let code = options.currency.as_deref().unwrap_or(&self.currency);
        parse_currency(code).ok_or_else(|| {
            let reason = Text::new("unknown_file_currency").with("code", code);
            FileError::worded("unknown_currency", reason)
        })
    }
}

/// Returns the bytes of a currency's code.
pub(super) fn parse_currency(code: &str) -> Option<CurrencyCode> {
    Currency::from_code(code)?;
    code.as_bytes().try_into().ok()
}
