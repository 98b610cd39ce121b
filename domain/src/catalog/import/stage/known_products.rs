//! The codes of the catalog, by what a row is compared with: the key that makes two codes one, and
//! the look by which a person takes two codes for one.

use std::collections::{HashMap, HashSet};

use unicode_security::skeleton;

use super::first_names::code_fingerprint;

/// Further codes aren't compared by their look: bounds the memory of an import.
const MAX_LOOKS: usize = 1 << 18;

/// Codes by key and by look, as fingerprints.
#[derive(Debug, Clone, Default)]
pub struct KnownProducts {
    keys: HashSet<u64>,
    looks: HashMap<u64, Box<str>>,
}

impl KnownProducts {
    /// Adds a code, as it is shown and as it is compared.
    pub fn insert(&mut self, sku: &str, sku_key: &str) {
        self.keys.insert(code_fingerprint(sku_key));
        if self.looks.len() < MAX_LOOKS {
            let look = look_fingerprint(sku_key);
            self.looks.entry(look).or_insert_with(|| sku.into());
        }
    }

    /// Whether these are as many codes as those of one file may be. Many codes may share a look.
    pub(super) fn is_full(&self) -> bool {
        self.keys.len() >= MAX_LOOKS
    }

    pub(super) fn contains(&self, sku_key: &str) -> bool {
        self.keys.contains(&code_fingerprint(sku_key))
    }

    /// Returns a code that looks like the one of this key, and may be it.
    pub(super) fn find_look(&self, sku_key: &str) -> Option<&str> {
        self.looks.get(&look_fingerprint(sku_key)).map(|sku| &**sku)
    }
}

/// Returns what two keys share that look alike in capitals: `a10` and `ai0` do, and so do `a` and
/// the Cyrillic `а`. By the skeletons of Unicode Technical Standard 39, section 4.
fn look_fingerprint(sku_key: &str) -> u64 {
    let capitals = sku_key.to_uppercase();
    code_fingerprint(&skeleton(&capitals).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::code_key::compute_key;

    #[test]
    fn codes_of_one_look_are_bounded_too() {
        let mut known = KnownProducts::default();
        let codes = (0_u32..).map(|n| {
            let digit = |bit: u32| if (n >> bit) & 1 == 0 { '0' } else { 'o' };
            (0..20).map(digit).collect::<String>()
        });
        for code in codes.take(MAX_LOOKS) {
            assert!(!known.is_full());
            known.insert(&code, &code);
        }
        assert_eq!(known.looks.len(), 1);
        assert!(known.is_full());
    }

    fn look_alike(one: &str, other: &str) -> bool {
        look_fingerprint(&compute_key(one)) == look_fingerprint(&compute_key(other))
    }

    #[test]
    fn codes_look_alike_where_a_person_takes_one_for_the_other() {
        for (one, other) in [("AI-10", "A1-1O"), ("CAFE-1", "САFЕ-1"), ("RIZ‐5", "RIZ-5")] {
            assert!(look_alike(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("A-10", "A-100"),
            ("B8", "BB"),
            ("RIZ-5", "RIZ-S"),
            ("é1", "e1"),
        ] {
            assert!(!look_alike(one, other), "{one} {other}");
        }
    }
}
