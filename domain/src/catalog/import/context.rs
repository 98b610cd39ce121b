//! What an import takes from its company and the moment, where its options don't say.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::catalog::import::options::Options;

/// How ISO 4217 writes that there is none. Codes are checked where they come in: nobody should meet it.
const NO_CURRENCY: [u8; 3] = *b"XXX";

/// The company's settings and the time, read once per import.
#[derive(Debug, Clone)]
pub struct Context {
    pub now: DateTime<Utc>,
    pub zone: Tz,
    /// ISO 4217.
    pub currency: String,
}

impl Options {
    pub(super) fn zone(&self, context: &Context) -> Tz {
        self.timezone
            .as_deref()
            .and_then(|z| z.parse().ok())
            .unwrap_or(context.zone)
    }

    pub(super) fn currency_code(&self, context: &Context) -> [u8; 3] {
        let code = self.currency.as_deref().unwrap_or(&context.currency);
        code.as_bytes().try_into().unwrap_or(NO_CURRENCY)
    }
}
