//! The identity of a row across files. Keys are stored permanently: the parts of a key and their
//! order may not change. Rows with equal parts get their occurrence mixed into the key by
//! `store::number_rows`, once the whole file is staged.

use crate::catalog::FactKey;

/// The parts that identify a sale line, best first.
#[derive(Clone, Copy)]
pub(super) enum SaleIdentity<'a> {
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
    #[inline]
    pub(super) fn key(&self) -> FactKey {
        match self {
            Self::External(id) => FactKey::of_external_id(id),
            Self::Document { document, sku_key } => {
                FactKey::from_parts(&[b"document", document.as_bytes(), sku_key.as_bytes()])
            }
            Self::Facts {
                day,
                sku_key,
                customer,
                quantity,
                unit_price,
            } => FactKey::from_parts(&[
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

/// Returns the key of a product's level (thousandths) counted at a time (microseconds since 1970)
/// and a site. The level is a part of the key, because facts never change: a corrected count is one
/// more count of the same time.
pub(super) fn count_key(sku_key: &str, site_key: &str, at: i64, level: i64) -> FactKey {
    FactKey::from_parts(&[
        b"count",
        sku_key.as_bytes(),
        site_key.as_bytes(),
        &at.to_be_bytes(),
        &level.to_be_bytes(),
    ])
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
        assert_eq!(
            key,
            FactKey::from_parts(&[b"document", b"536365", b"85123A"])
        );
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
}
