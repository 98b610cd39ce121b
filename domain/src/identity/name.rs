//! Names of people, companies and keys.

use crate::{Error, Result};

const MAX_NAME_CHARS: usize = 200;

/// Returns the trimmed name: 1 to 200 characters, without control characters.
pub(super) fn parse_name(field: &str, text: &str) -> Result<String> {
    let name = text.trim();
    if name.is_empty() {
        return Err(Error::invalid(field, "required", "must not be empty"));
    }
    if name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(Error::invalid(
            field,
            "invalid_name",
            "at most 200 characters, without line breaks",
        ));
    }
    Ok(name.to_owned())
}
