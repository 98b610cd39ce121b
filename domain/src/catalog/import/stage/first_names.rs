//! Which rows carry a name. A missing product or customer is created from the first row of its key
//! and the first one that has a name; the other rows leave the name out, which saves most of it.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher as _};

/// Beyond this many keys, every row of a further key carries its name.
const MAX_KEYS: usize = 1 << 20;

/// The keys that were met, by fingerprint.
#[derive(Default)]
pub(super) struct FirstNames(HashSet<u64>);

impl FirstNames {
    /// Records a row and returns whether it should carry its name.
    pub(super) fn record_row(&mut self, key: &str, name: &str) -> bool {
        let unnamed = code_fingerprint(key);
        let named = unnamed.wrapping_add(1);
        if self.0.contains(&named) {
            return false;
        }
        if self.0.len() >= MAX_KEYS {
            return true;
        }
        let is_first = self.0.insert(unnamed);
        if name.is_empty() {
            is_first
        } else {
            self.0.insert(named)
        }
    }
}

/// Returns 64 bits that stand for the key of a code or a name.
pub(crate) fn code_fingerprint(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key.as_bytes());
    hasher.finish()
}
