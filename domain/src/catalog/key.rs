//! The identity by which a repeated fact is deduplicated: 16 bytes of a SHA-256, unique in its
//! company. Of a fact that is identified by its day among others, the first four bytes are the day,
//! so that the lines of a file are neighbours in the index of keys.

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// The identity of a sale line or of a movement across files and calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FactKey(pub(crate) [u8; 16]);

/// Bytes of a key that are its day, where it has one.
const DAY_BYTES: usize = 4;

impl FactKey {
    /// The key of a fact whose source has an id for it. The id column of a file and the
    /// `external_id` of a call are one name space.
    pub(crate) fn of_external_id(external_id: &str) -> Self {
        Self::from_parts(&[b"external", external_id.trim().as_bytes()])
    }

    /// The key of a fact that is identified by `parts`; the first part names the kind of identity.
    pub(crate) fn from_parts(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        Self(key)
    }

    /// Places the key at a day that is one of its parts (days since 1970-01-01). 12 bytes of hash
    /// remain to distinguish the facts of that day.
    pub(crate) fn on_day(mut self, day: i32) -> Self {
        // Flipping the sign makes negative days come first.
        let place = (day ^ i32::MIN).to_be_bytes();
        self.0[..DAY_BYTES].copy_from_slice(&place);
        self
    }

    /// The key of the `occurrence`th line of this identity, counted from 1. The import's SQL
    /// computes the same key.
    pub(super) fn of_occurrence(self, occurrence: i64) -> Self {
        if occurrence <= 1 {
            return self;
        }
        let hash = Sha256::new()
            .chain_update(self.0)
            .chain_update(occurrence.to_be_bytes())
            .finalize();
        let mut key = self.0;
        key[DAY_BYTES..].copy_from_slice(&hash[..16 - DAY_BYTES]);
        Self(key)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Serializes the key as the text form of Postgres's `bytea`.
impl Serialize for FactKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hex = self.0.iter().map(|byte| format!("{byte:02x}"));
        serializer.collect_str(&format_args!("\\x{}", hex.collect::<String>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_byte_between_parts_changes_the_key() {
        assert_ne!(
            FactKey::from_parts(&[b"ab", b"c"]),
            FactKey::from_parts(&[b"a", b"bc"])
        );
        assert_eq!(
            FactKey::of_external_id(" 17 "),
            FactKey::of_external_id("17")
        );
    }

    #[test]
    fn keys_of_a_day_are_neighbours_and_differ() {
        let (soap, rice) = (
            FactKey::from_parts(&[b"soap"]),
            FactKey::from_parts(&[b"rice"]),
        );
        let days = [-40_000, -1, 0, 1, 20_000].map(|day| soap.on_day(day).0);
        assert!(days.is_sorted());
        let second = soap.on_day(7).of_occurrence(2);
        assert!(soap.on_day(6).0 < second.0 && second.0 < soap.on_day(8).0);
        assert_ne!(second, soap.on_day(7));
        assert_ne!(soap.on_day(7), rice.on_day(7));
    }

    #[test]
    fn a_key_serializes_as_postgres_reads_bytes() {
        let text = serde_json::to_string(&FactKey([0xab; 16])).unwrap();
        assert_eq!(text, format!("\"\\\\x{}\"", "ab".repeat(16)));
    }
}
