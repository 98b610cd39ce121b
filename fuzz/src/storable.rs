//! What Postgres stores as text and as JSON.

use serde_json::Value;

/// Panics where a text or a key holds NUL, which Postgres rejects.
pub fn assert_storable<T: serde::Serialize + ?Sized>(value: &T) {
    let value = serde_json::to_value(value).expect("JSON");
    assert!(!holds_nul(&value), "NUL in {value}");
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_nul_is_found_and_its_escape_as_text_is_none() {
        assert_storable(&json!({"a": ["\\u0000", 0, null]}));
        for value in [json!("\0"), json!([["a\0"]]), json!({"a": {"\0": 1}})] {
            assert!(holds_nul(&value), "{value}");
        }
    }
}
