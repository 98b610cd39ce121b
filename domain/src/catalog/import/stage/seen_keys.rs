//! A Bloom filter over the keys of a file: constant memory, no false negatives, few false
//! positives. Only the rows it reports have their occurrence counted exactly.

use crate::catalog::FactKey;

const MIN_WORDS: u64 = 1 << 17;
const MAX_WORDS: u64 = 1 << 22;
/// Bytes of a short row, of which the number of rows is estimated.
const ROW_BYTES: u64 = 40;
const BITS_PER_ROW: u64 = 16;

/// The keys seen so far.
pub(super) struct SeenKeys {
    words: Vec<u64>,
}

impl SeenKeys {
    /// Sized between 1 and 32 MiB by the bytes of the file; about 1 % false positives.
    pub(super) fn for_file(file_bytes: u64) -> Self {
        let bits = file_bytes / ROW_BYTES * BITS_PER_ROW;
        let words = (bits / 64).next_power_of_two().clamp(MIN_WORDS, MAX_WORDS);
        Self {
            words: vec![0; words as usize],
        }
    }

    /// Adds a key and returns whether it may have been added before.
    #[inline]
    pub(super) fn insert(&mut self, key: FactKey) -> bool {
        let hash = u128::from_be_bytes(key.0);
        // The number of words is a power of two: the mask keeps the index inside.
        let index = hash as usize & (self.words.len() - 1);
        let mut bits = 0_u64;
        for shift in [64, 70, 76, 82] {
            bits |= 1 << ((hash >> shift) & 63);
        }
        let may_repeat = self.words[index] & bits == bits;
        self.words[index] |= bits;
        may_repeat
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_repeated_key_is_reported_and_few_others() {
        let mut seen = SeenKeys::for_file(0);
        let key = |n: u32| FactKey::from_parts(&[&n.to_be_bytes()]);
        let false_positives = (0..400_000).filter(|n| seen.insert(key(*n))).count();
        assert!(false_positives < 12_000, "{false_positives}");
        assert!((0..400_000).all(|n| seen.insert(key(n))));
    }
}
