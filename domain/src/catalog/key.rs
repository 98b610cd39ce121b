//! The identity by which a repeated fact is deduplicated: 16 bytes of a SHA-256, unique in its
//! company.

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// The identity of a sale line or of a movement across files and calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FactKey(pub(crate) [u8; 16]);

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

    /// The key of the `occurrence`th line of this identity, counted from 1. The import's SQL
    /// computes the same hash.
    pub(super) fn of_occurrence(self, occurrence: i64) -> Self {
        if occurrence <= 1 {
            return self;
        }
        let hash = Sha256::new()
            .chain_update(self.0)
            .chain_update(occurrence.to_be_bytes())
            .finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
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
    fn a_key_serializes_as_postgres_reads_bytes() {
        let text = serde_json::to_string(&FactKey([0xab; 16])).unwrap();
        assert_eq!(text, format!("\"\\\\x{}\"", "ab".repeat(16)));
    }
}
