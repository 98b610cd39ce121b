//! The kind and the options of an import, chosen by the first byte of an input.

use domain::catalog::import::{Kind, Options};

const KINDS: [Kind; 3] = [Kind::Sales, Kind::Products, Kind::StockCounts];

/// The first is chosen by the digits `0`, `1` and `2`, so that a corpus is readable.
const OPTIONS: [&str; 8] = [
    "{}",
    r#"{"decimal": ",", "date_format": "dmy", "unknown_sites": "create", "duplicates": "drop"}"#,
    r#"{"mode": "all_or_nothing", "unknown_products": "reject", "leading_zeros": "same"}"#,
    r#"{"delimiter": ";", "decimal": ".", "date_format": "mdy", "repeated_counts": "sum"}"#,
    r#"{"header_line": 2, "total_rows": "keep", "timezone": "Europe/Paris", "sheet": "b"}"#,
    r#"{"mapping": {"sku": "A", "quantity": "B", "name": null}, "values": {"status": {"x":
        "cancelled"}}, "repeated_counts": "last", "documents": "never_repeat"}"#,
    r#"{"ignore_codes": ["POST", "G*"], "cancellation_prefix": "C", "negative_prices": "warn",
        "future_dates": "warn", "absurd_quantities": "reject", "leading_zeros": "distinct",
        "typed_dates": "swapped"}"#,
    r#"{"encoding": "utf-8", "currency": "EUR", "stock": "all"}"#,
];

/// What an import is asked for.
pub struct ImportChoice {
    pub kind: Kind,
    pub options: Options,
}

impl ImportChoice {
    /// Returns the choice of the first byte, and the other bytes.
    pub fn split_from(input: &[u8]) -> Option<(Self, &[u8])> {
        let (first, rest) = input.split_first()?;
        let number = usize::from(first.wrapping_sub(b'0'));
        let options = OPTIONS[number / KINDS.len() % OPTIONS.len()];
        let choice = Self {
            kind: KINDS[number % KINDS.len()],
            options: serde_json::from_str(options).expect("valid options"),
        };
        Some((choice, rest))
    }
}
