//! The identity of a row across files. Keys are stored permanently: the parts of a key and their
//! order may not change. Rows with equal parts get their occurrence mixed into the key by
//! `store::number_rows`, once the whole file is staged.

use crate::catalog::FactKey;

/// The parts that identify a sale line, best first.
#[derive(Clone, Copy)]
pub(super) enum SaleIdentity<'a> {
    External(&'a str),
    Document {
        /// `None` where the number of a document never repeats.
        place: Option<SalePlace<'a>>,
        document: &'a str,
        sku_key: &'a str,
    },
    Facts {
        place: SalePlace<'a>,
        /// Microseconds since 1970, where the file has a time of day.
        at: Option<i64>,
        sku_key: &'a str,
        customer: &'a str,
        quantity: i64,
        unit_price: i64,
    },
}

/// Where and on which day a line was sold.
#[derive(Clone, Copy)]
pub(super) struct SalePlace<'a> {
    /// "" where the file has no sites.
    pub(super) site_key: &'a str,
    /// Days since 1970-01-01.
    pub(super) day: i32,
}

impl SaleIdentity<'_> {
    /// Whether nothing but its day and its figures identifies the line.
    pub(super) fn is_by_day(&self) -> bool {
        matches!(self, Self::Facts { at: None, .. })
    }

    #[inline]
    pub(super) fn key(&self) -> FactKey {
        match *self {
            Self::External(id) => FactKey::of_external_id(id),
            Self::Document {
                place: None,
                document,
                sku_key,
            } => FactKey::from_parts(&[b"document", document.as_bytes(), sku_key.as_bytes()]),
            Self::Document {
                place: Some(place),
                document,
                sku_key,
            } => FactKey::from_parts(&[
                b"day_document",
                place.site_key.as_bytes(),
                &place.day.to_be_bytes(),
                document.as_bytes(),
                sku_key.as_bytes(),
            ])
            .on_day(place.day),
            Self::Facts {
                place,
                at,
                sku_key,
                customer,
                quantity,
                unit_price,
            } => {
                let time = at.map(i64::to_be_bytes);
                FactKey::from_parts(&[
                    b"facts",
                    place.site_key.as_bytes(),
                    &place.day.to_be_bytes(),
                    time.as_ref().map_or(&[], |bytes| &bytes[..]),
                    sku_key.as_bytes(),
                    customer.as_bytes(),
                    &quantity.to_be_bytes(),
                    &unit_price.to_be_bytes(),
                ])
                .on_day(place.day)
            }
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

    const PLACE: SalePlace<'_> = SalePlace {
        site_key: "DAKAR",
        day: 1,
    };

    fn document(place: Option<SalePlace<'_>>) -> FactKey {
        SaleIdentity::Document {
            place,
            document: "536365",
            sku_key: "85123A",
        }
        .key()
    }

    #[test]
    fn keys_never_change() {
        assert_eq!(
            document(None),
            FactKey::from_parts(&[b"document", b"536365".as_slice(), b"85123A".as_slice()])
        );
        let parts: [&[u8]; 5] = [
            b"day_document",
            b"DAKAR",
            &1_i32.to_be_bytes(),
            b"536365",
            b"85123A",
        ];
        let key = FactKey::from_parts(&parts).on_day(1);
        assert_eq!(document(Some(PLACE)), key);
        assert_eq!(
            SaleIdentity::External("7").key(),
            FactKey::of_external_id("7")
        );
    }

    #[test]
    fn site_day_and_time_belong_to_the_identity() {
        let thies = SalePlace {
            site_key: "THIÈS",
            ..PLACE
        };
        let tomorrow = SalePlace { day: 2, ..PLACE };
        let facts = |place, at| SaleIdentity::Facts {
            place,
            at,
            sku_key: "A",
            customer: "",
            quantity: 2,
            unit_price: 3,
        };
        let keys = [
            document(Some(PLACE)),
            document(Some(thies)),
            document(Some(tomorrow)),
            facts(PLACE, None).key(),
            facts(thies, None).key(),
            facts(tomorrow, None).key(),
            facts(PLACE, Some(9)).key(),
            facts(PLACE, Some(18)).key(),
        ];
        let distinct: std::collections::HashSet<_> = keys.into_iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }
}
