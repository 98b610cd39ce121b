//! Which line of its identity a row is. A document may hold a code twice; their order in the file
//! distinguishes the two lines. The error file holds the rejected rows alone, so it records the
//! occurrence of each: `9f3a2b1c#2` is the second line of the identity whose key ends so. A
//! correction that changes the identity makes the recorded number void.

use super::row_error::RowError;
use crate::catalog::FactKey;

/// The column of the error file.
pub(crate) const OCCURRENCE_COLUMN: &str = "import_occurrence";

/// Bytes of a key that stand in the column. Its first ones may be the same for a whole day.
const KEY_END_BYTES: usize = 4;

/// A rejected row among the lines of its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Occurrence {
    /// Without its occurrence.
    pub(crate) key: FactKey,
    /// From 1, where the row itself records it; else `store::number_rows` computes it.
    pub(crate) number: Option<i64>,
}

/// Returns the text of the column for a stored row error.
pub(crate) fn format_occurrence(key: &[u8], number: i64) -> String {
    format!("{}#{number}", format_key(key))
}

/// Returns the number that a cell records, where it belongs to this identity.
pub(super) fn parse_occurrence(cell: &str, key: FactKey) -> Option<i64> {
    let (identity, number) = cell.split_once('#')?;
    let number = number
        .parse()
        .ok()
        .filter(|n| (1..=i64::from(u32::MAX)).contains(n))?;
    (identity == format_key(key.as_bytes())).then_some(number)
}

/// Returns the occurrence of a rejected row, where its identity is valid. `cell` is that of
/// [`OCCURRENCE_COLUMN`], in an error file.
pub(super) fn find_occurrence(
    identity: Result<FactKey, RowError>,
    cell: Option<&str>,
) -> Option<Occurrence> {
    let key = identity.ok()?;
    let number = cell.and_then(|cell| parse_occurrence(cell, key));
    // A row whose number is void must not be numbered like a row that never had one.
    (cell.is_none() || number.is_some()).then_some(Occurrence { key, number })
}

fn format_key(key: &[u8]) -> String {
    key.iter()
        .skip(key.len().saturating_sub(KEY_END_BYTES))
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_valid_for_its_own_identity_only() {
        let (soap, rice) = (
            FactKey::from_parts(&[b"1", b"soap"]),
            FactKey::from_parts(&[b"1", b"rice"]),
        );
        let cell = format_occurrence(soap.as_bytes(), 12);
        assert_eq!(
            (parse_occurrence(&cell, soap), parse_occurrence(&cell, rice)),
            (Some(12), None)
        );
        for wrong in [
            "",
            "12",
            "#12",
            &cell.replace("#12", "#0"),
            &cell.replace("#12", "#x"),
        ] {
            assert_eq!(parse_occurrence(wrong, soap), None, "{wrong}");
        }
    }
}
