//! Which line of its identity a row is. A document may hold a code twice; their order in the file
//! distinguishes the two lines. The error file holds the rejected rows alone, so it records the
//! occurrence of each: `9f3a2b1c#2@7:..` is the second line of the identity whose key ends so. A
//! correction that changes the identity makes the recorded number void. What follows `@` is the
//! line and the import that rejected it: a row without a valid number is a further line beside
//! those that are recorded, and stays this line when it is sent again.

use platform::ids::Uuid;

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

/// Stands in the column where the identity of a row can't be read.
const NO_IDENTITY: &str = "row";

/// The import that first rejected a row, and the line of the row in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) import: Uuid,
    pub(crate) line: i64,
}

/// Returns the text of the column for a rejected row.
pub(crate) fn format_occurrence(place: Option<(&[u8], i64)>, origin: Origin) -> String {
    let Origin { import, line } = origin;
    let import = import.simple();
    match place {
        Some((key, number)) => format!("{}#{number}@{line}:{import}", format_key(key)),
        None => format!("{NO_IDENTITY}@{line}:{import}"),
    }
}

/// Returns the origin of the row of a cell.
pub(super) fn parse_origin(cell: &str) -> Option<Origin> {
    let (_, origin) = cell.split_once('@')?;
    let (line, import) = origin.split_once(':')?;
    Some(Origin {
        import: Uuid::try_parse(import.trim()).ok()?,
        line: line.parse().ok().filter(|line| *line > 0)?,
    })
}

/// Returns the number that a cell records, where it belongs to this identity.
pub(super) fn parse_occurrence(cell: &str, key: FactKey) -> Option<i64> {
    let (identity, number) = cell.split_once('#')?;
    let number = number
        .split('@')
        .next()?
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
        let (import, line) = (Uuid::now_v7(), 7);
        let origin = Origin { import, line };
        let cell = format_occurrence(Some((soap.as_bytes(), 12)), origin);
        assert_eq!(
            (parse_occurrence(&cell, soap), parse_occurrence(&cell, rice)),
            (Some(12), None)
        );
        let unread = format_occurrence(None, origin);
        assert_eq!(
            (parse_occurrence(&unread, soap), parse_origin(&unread)),
            (None, Some(origin))
        );
        assert_eq!(parse_origin(&cell), Some(origin));
        for wrong in [
            "",
            "12",
            "#12",
            "row@",
            &cell.replace("#12", "#0"),
            &cell.replace("#12", "#x"),
        ] {
            assert_eq!(parse_occurrence(wrong, soap), None, "{wrong}");
        }
    }
}
