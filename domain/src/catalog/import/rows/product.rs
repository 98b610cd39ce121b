//! One row of a products file. An empty cell says nothing: it leaves what the catalog knows.

use crate::catalog::import::cells::money::{currency_named, in_currency};
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::columns::{Columns, Field};
use crate::catalog::import::options::Options;
use crate::catalog::import::read::record::Record;
use crate::catalog::import::rows::row_error::{Flaw, Notation, at_most, check_shape};

/// A good row; "" and `None` where the file says nothing.
#[derive(Debug, Clone, Copy)]
pub(in crate::catalog::import) struct ProductLine<'a> {
    pub line: u64,
    pub sku: &'a str,
    pub name: &'a str,
    pub category: &'a str,
    pub supplier: &'a str,
    pub unit: &'a str,
    pub barcode: &'a str,
    pub currency: [u8; 3],
    /// Millionths.
    pub purchase_price: Option<i64>,
    pub sale_price: Option<i64>,
    /// Thousandths.
    pub min_stock: Option<i64>,
    pub max_stock: Option<i64>,
    pub minimum_order_quantity: Option<i64>,
    pub pack_multiple: Option<i64>,
    pub lead_time_days: Option<i32>,
    pub active: Option<bool>,
}

/// Turns records into products.
pub(in crate::catalog::import) struct ProductReader {
    places: [usize; Field::COUNT],
    columns: Columns,
    notation: Notation,
    currency: [u8; 3],
}

impl ProductReader {
    pub(in crate::catalog::import) fn new(
        columns: Columns,
        notation: Notation,
        options: &Options,
        context: &Context,
    ) -> Self {
        Self {
            places: columns.places(),
            columns,
            notation,
            currency: options.currency_code(context),
        }
    }

    pub(in crate::catalog::import) fn read<'r>(
        &self,
        record: Record<'r>,
    ) -> Result<ProductLine<'r>, Flaw> {
        check_shape(record, &self.columns)?;
        let text = |f: Field, most| at_most(f, record.field(self.places[f as usize]), most);
        let sku = text(Field::Sku, 100)?;
        if sku.is_empty() {
            return Err(Flaw::new(
                Field::Sku,
                "missing_value",
                "the product's code is missing",
            ));
        }
        let currency = match text(Field::Currency, 20)? {
            "" => self.currency,
            named => currency_named(named)?,
        };
        let (min_stock, max_stock) = (
            self.amount(record, Field::MinStock)?,
            self.amount(record, Field::MaxStock)?,
        );
        if min_stock.zip(max_stock).is_some_and(|(min, max)| min > max) {
            return Err(Flaw::new(
                Field::MaxStock,
                "below_minimum",
                "the most in stock is below the least",
            ));
        }
        Ok(ProductLine {
            line: record.line,
            sku,
            name: text(Field::Name, 500)?,
            category: text(Field::Category, 200)?,
            supplier: text(Field::Supplier, 200)?,
            unit: text(Field::Unit, 20)?,
            barcode: text(Field::Barcode, 100)?,
            currency,
            purchase_price: self.price(record, Field::PurchasePrice, currency)?,
            sale_price: self.price(record, Field::SalePrice, currency)?,
            min_stock,
            max_stock,
            minimum_order_quantity: self.positive(record, Field::MinimumOrderQuantity)?,
            pack_multiple: self.positive(record, Field::PackMultiple)?,
            lead_time_days: self.days(record)?,
            active: truth(record.field(self.places[Field::Active as usize]))?,
        })
    }

    fn price(
        &self,
        record: Record<'_>,
        field: Field,
        currency: [u8; 3],
    ) -> Result<Option<i64>, Flaw> {
        let text = record.field(self.places[field as usize]);
        if text.is_empty() {
            return Ok(None);
        }
        let price = in_currency(field, self.notation.number(field, text, 6)?, currency)?;
        not_negative(field, price).map(Some)
    }

    fn amount(&self, record: Record<'_>, field: Field) -> Result<Option<i64>, Flaw> {
        let text = record.field(self.places[field as usize]);
        if text.is_empty() {
            return Ok(None);
        }
        not_negative(field, self.notation.number(field, text, 3)?.scaled).map(Some)
    }

    fn positive(&self, record: Record<'_>, field: Field) -> Result<Option<i64>, Flaw> {
        match self.amount(record, field)? {
            Some(0) => Err(Flaw::new(field, "not_positive", "must be more than zero")),
            amount => Ok(amount),
        }
    }

    fn days(&self, record: Record<'_>) -> Result<Option<i32>, Flaw> {
        let Some(thousandths) = self.amount(record, Field::LeadTimeDays)? else {
            return Ok(None);
        };
        let days = i32::try_from(thousandths / 1000).unwrap_or(i32::MAX);
        if thousandths % 1000 != 0 || days > 730 {
            return Err(Flaw::new(
                Field::LeadTimeDays,
                "out_of_range",
                "is a whole number of days, up to 730",
            ));
        }
        Ok(Some(days))
    }
}

fn not_negative(field: Field, value: i64) -> Result<i64, Flaw> {
    if value < 0 {
        Err(Flaw::new(field, "negative", "can't be negative"))
    } else {
        Ok(value)
    }
}

fn truth(text: &str) -> Result<Option<bool>, Flaw> {
    Ok(
        match crate::catalog::import::detect::columns::plain(text).as_str() {
            "" => None,
            "1" | "true" | "yes" | "y" | "oui" | "o" | "vrai" | "actif" | "active" | "x" => {
                Some(true)
            }
            "0" | "false" | "no" | "n" | "non" | "faux" | "inactif" | "inactive" => Some(false),
            _ => {
                return Err(Flaw::new(
                    Field::Active,
                    "not_a_truth_value",
                    "isn't yes or no",
                ));
            }
        },
    )
}
