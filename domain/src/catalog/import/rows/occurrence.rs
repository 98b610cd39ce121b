//! Which line of its identity a row is. An invoice may hold a code twice, and the two are told apart by their order
//! in the file. The errors file holds the refused ones alone, so it says of each which it was: `9f3a2b1c#2` is the
//! second of the identity whose key begins so. Where a correction changed the identity, the number is void.

use crate::catalog::FactKey;
use crate::catalog::import::rows::row_error::Flaw;

/// The column of the errors file.
pub(in crate::catalog::import) const COLUMN: &str = "import_occurrence";

/// A refused row among the lines of its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Without its occurrence.
    pub key: FactKey,
    /// From 1, where the row itself says it; else it is found once the whole file has been read.
    pub occurrence: Option<i64>,
}

pub(in crate::catalog::import) fn write(key: &[u8], occurrence: i64) -> String {
    format!("{}#{occurrence}", hex(key))
}

/// What a cell says of a row of this identity.
pub(in crate::catalog::import) fn read(cell: &str, key: FactKey) -> Option<i64> {
    let (identity, occurrence) = cell.split_once('#')?;
    let occurrence = occurrence
        .parse()
        .ok()
        .filter(|n| (1..=i64::from(u32::MAX)).contains(n))?;
    (identity == hex(key.as_bytes())).then_some(occurrence)
}

fn hex(key: &[u8]) -> String {
    key.iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The place of a row, where nothing of its identity is wrong.
pub(in crate::catalog::import) fn place(
    identity: Result<FactKey, Flaw>,
    cell: Option<&str>,
) -> Option<Place> {
    let key = identity.ok()?;
    let occurrence = cell.and_then(|cell| read(cell, key));
    // A row that lost its number may not pass for one that never had any.
    (cell.is_none() || occurrence.is_some()).then_some(Place { key, occurrence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_holds_for_its_own_identity_alone() {
        let (soap, rice) = (FactKey::of(&[b"1", b"soap"]), FactKey::of(&[b"1", b"rice"]));
        let cell = write(soap.as_bytes(), 12);
        assert_eq!((read(&cell, soap), read(&cell, rice)), (Some(12), None));
        for wrong in [
            "",
            "12",
            "#12",
            &cell.replace("#12", "#0"),
            &cell.replace("#12", "#x"),
        ] {
            assert_eq!(read(wrong, soap), None, "{wrong}");
        }
    }
}
