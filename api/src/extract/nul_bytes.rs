//! NUL bytes in JSON: valid there, but no Postgres text can hold them.

use serde_json::Value;

use crate::error::{Error, Result};

/// Rejects a body with a NUL byte in a text or a field's name, and names the field.
pub(super) fn reject_nul_bytes(body: &[u8]) -> Result<()> {
    if !may_hold_nul(body) {
        return Ok(());
    }
    // `\\u0000` is a backslash and digits, so only the parsed text can decide.
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return Ok(());
    };
    match find_nul(&value) {
        None => Ok(()),
        Some(path) => Err(nul_byte_error(path.trim_start_matches('.'))),
    }
}

pub(super) fn nul_byte_error(field: &str) -> Error {
    Error::invalid_field(field, "nul_byte", "NUL bytes are not accepted")
}

/// A NUL can only stand in JSON as the escape `\u0000`.
fn may_hold_nul(body: &[u8]) -> bool {
    body.windows(6).any(|window| window == b"\\u0000")
}

/// The path of the first text or field name with a NUL byte.
fn find_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, item)| find_nul(item).map(|rest| format!("[{index}]{rest}"))),
        Value::Object(fields) => fields.iter().find_map(|(name, item)| {
            let inside = if name.contains('\0') {
                Some(String::new())
            } else {
                find_nul(item)
            };
            inside.map(|rest| format!(".{}{rest}", name.replace('\0', "")))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
