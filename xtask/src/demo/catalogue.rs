//! The catalogue of the demo shop: every article of every family in every variant.

use super::families::{FAMILIES, Family, SUPPLIERS, Supplier};
use super::numbers::Numbers;

/// One product; prices in whole XOF.
pub(super) struct Product {
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) family: &'static Family,
    pub(super) supplier: &'static Supplier,
    pub(super) purchase_price: u32,
    pub(super) sale_price: u32,
    /// Mean units a day, without the effects of weekday and month.
    pub(super) rate: f64,
    /// Mean units per sale. Intermittent products sell rarely, several units at once.
    pub(super) units_per_sale: f64,
}

/// Generates every article in every variant, about 300 products.
pub(super) fn generate_products() -> Vec<Product> {
    let mut numbers = Numbers::from_seed(0x7e2a_26a0);
    let mut products = Vec::new();
    for family in &FAMILIES {
        for (article, base_price) in family.articles {
            for (variant, factor) in family.variants {
                let number = products.len() + 1;
                // Rates within a family vary widely: a few articles make most of the sales.
                let rate = family.rate * (-2.2 * numbers.draw_unit()).exp() * 1.8;
                let sale_price = round_price(f64::from(*base_price) * factor);
                let margin = numbers.draw_between(0.62, 0.86);
                products.push(Product {
                    sku: format!("{}-{number:03}", family.prefix),
                    name: format!("{article} {variant}"),
                    family,
                    supplier: &SUPPLIERS[*numbers.pick_one(family.suppliers)],
                    purchase_price: round_price(f64::from(sale_price) * margin),
                    sale_price,
                    rate,
                    units_per_sale: if rate < 0.15 {
                        numbers.draw_between(1.5, 4.0)
                    } else {
                        1.0
                    },
                });
            }
        }
    }
    products
}

/// Rounds a price to 25 XOF.
fn round_price(price: f64) -> u32 {
    let steps = (price / 25.0).round().max(1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few thousand at most, and at least 1"
    )]
    let steps = steps as u32;
    steps * 25
}
