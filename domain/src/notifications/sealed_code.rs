//! The code that an address confirms with. It is sealed until it is sent or compared, so that
//! neither a row nor a response of the API shows it to the company that requests the consent.

use platform::crypto::{Keyring, OpenError, constant_time_eq};
use platform::ids::Uuid;
use rand::Rng as _;

/// A code of six digits, sealed for the row that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedCode {
    /// The row of `alert_recipients`.
    pub(crate) row: Uuid,
    pub(crate) sealed: Vec<u8>,
}

impl SealedCode {
    /// Generates a code.
    pub(crate) fn generate(keyring: &Keyring, row: Uuid) -> Self {
        let code = format!("{:06}", rand::rng().random_range(0..1_000_000));
        let sealed = keyring.seal(&seal_context(row), code.as_bytes());
        Self { row, sealed }
    }

    /// Returns the code.
    pub fn open(&self, keyring: &Keyring) -> Result<String, OpenError> {
        let code = keyring.open(&seal_context(self.row), &self.sealed)?;
        String::from_utf8(code).map_err(|_| OpenError)
    }

    /// Whether the code is `given`. Takes the same time wherever they differ.
    pub(crate) fn matches(&self, keyring: &Keyring, given: &str) -> Result<bool, OpenError> {
        let code = self.open(keyring)?;
        Ok(constant_time_eq(code.as_bytes(), given.trim().as_bytes()))
    }
}

fn seal_context(row: Uuid) -> String {
    format!("alert_recipients:{row}")
}
