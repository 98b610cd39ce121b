//! A row's identity across files. Stored for ever: the parts and their order may not change. Rows that are
//! alike but for their place get their occurrence mixed in later, by the store, once the whole file is known.

use crate::catalog::FactKey;

/// What a sale line is known by, best first.
pub(in crate::catalog::import) enum SaleIdentity<'a> {
    External(&'a str),
    Document {
        document: &'a str,
        sku_key: &'a str,
    },
    Facts {
        day: i32,
        sku_key: &'a str,
        customer: &'a str,
        quantity: i64,
        unit_price: i64,
    },
}

impl SaleIdentity<'_> {
    pub(in crate::catalog::import) fn key(&self) -> FactKey {
        match self {
            Self::External(id) => FactKey::of_external_id(id),
            Self::Document { document, sku_key } => {
                FactKey::of(&[b"document", document.as_bytes(), sku_key.as_bytes()])
            }
            Self::Facts {
                day,
                sku_key,
                customer,
                quantity,
                unit_price,
            } => FactKey::of(&[
                b"facts",
                &day.to_be_bytes(),
                sku_key.as_bytes(),
                customer.as_bytes(),
                &quantity.to_be_bytes(),
                &unit_price.to_be_bytes(),
            ]),
        }
    }
}

/// The key of a product's level (thousandths) counted at a time (microseconds since 1970) and place.
/// The level is a part of it: facts aren't changed, a corrected count is one more for the same time.
pub(in crate::catalog::import) fn of_count(
    sku_key: &str,
    site_key: &str,
    at: i64,
    level: i64,
) -> FactKey {
    FactKey::of(&[
        b"count",
        sku_key.as_bytes(),
        site_key.as_bytes(),
        &at.to_be_bytes(),
        &level.to_be_bytes(),
    ])
}

/// Remembers keys in constant memory: says "perhaps seen" of every key seen before and of few others.
/// The rows it names are few, and only those have their occurrence counted exactly.
pub(in crate::catalog::import) struct Seen {
    words: Vec<u64>,
}

impl Seen {
    /// Sized by the file, between 1 and 32 MiB; about 1 % false alarms at 40 bytes a row.
    pub(in crate::catalog::import) fn for_file_of(bytes: u64) -> Self {
        let rows = bytes / 40;
        let words = (rows * 16 / 64).next_power_of_two().clamp(1 << 17, 1 << 22);
        Self {
            words: vec![0; usize::try_from(words).unwrap_or(1 << 17)],
        }
    }

    /// Whether the key may have come before.
    pub(in crate::catalog::import) fn repeats(&mut self, key: FactKey) -> bool {
        let hash = u128::from_be_bytes(key.0);
        let index = usize::try_from(hash & (self.words.len() as u128 - 1)).unwrap_or(0);
        let mut bits = 0_u64;
        for shift in [64, 70, 76, 82] {
            bits |= 1 << ((hash >> shift) & 63);
        }
        let known = self.words[index] & bits == bits;
        self.words[index] |= bits;
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_never_change() {
        let key = SaleIdentity::Document {
            document: "536365",
            sku_key: "85123A",
        }
        .key();
        assert_eq!(key, FactKey::of(&[b"document", b"536365", b"85123A"]));
        let facts = SaleIdentity::Facts {
            day: 1,
            sku_key: "A",
            customer: "",
            quantity: 2,
            unit_price: 3,
        }
        .key();
        assert_ne!(key, facts);
        assert_eq!(
            SaleIdentity::External("7").key(),
            FactKey::of_external_id("7")
        );
    }

    #[test]
    fn every_repeated_key_is_noticed_and_few_others() {
        let mut seen = Seen::for_file_of(0);
        let key = |n: u32| FactKey::of(&[&n.to_be_bytes()]);
        let alarms = (0..400_000).filter(|n| seen.repeats(key(*n))).count();
        assert!(alarms < 12_000, "{alarms}");
        assert!((0..400_000).all(|n| seen.repeats(key(n))));
    }
}
