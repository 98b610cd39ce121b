//! One row of a products file. An empty cell leaves what the catalog has.
//!
//! [`PRODUCT_COLUMNS`] is the one table of what a row may hold beside its code. Reading, the
//! columns of COPY and their order follow from it; a test requires that the merge names every
//! column.

use super::cells::CellReader;
use super::codes::{RowKeys, write_name_key};
use super::row_error::{RowError, RowErrors, out_of_range};
use super::row_warning::{RowWarning, warn_of_garbled, warn_of_rounded};
use super::total_row::reject_title;
use crate::Text;
use crate::catalog::field_errors::MAX_DAYS;
use crate::catalog::import::cells::{fold_text, trim_fraction};
use crate::catalog::import::context::{Context, CurrencyCode};
use crate::catalog::import::detect::{Plan, RowProfile};
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::options::{Options, TotalRows};
use crate::catalog::import::read::Record;

/// What a column accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ProductRule {
    Text {
        max_chars: usize,
    },
    Code {
        max_chars: usize,
    },
    Currency,
    Price,
    /// Zero or more.
    Stock,
    /// More than zero.
    OrderQuantity,
    /// Zero to [`MAX_DAYS`].
    Days,
    YesNo,
}

/// A column of `staging.product_lines`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProductColumn {
    pub(crate) name: &'static str,
    field: Field,
    rule: ProductRule,
}

const fn column(name: &'static str, field: Field, rule: ProductRule) -> ProductColumn {
    ProductColumn { name, field, rule }
}

const fn text(max_chars: usize) -> ProductRule {
    ProductRule::Text { max_chars }
}

/// The columns of a staged product beside its code and its keys, in the order of COPY.
pub(crate) const PRODUCT_COLUMNS: &[ProductColumn] = &[
    column("currency", Field::Currency, ProductRule::Currency),
    column("min_stock", Field::MinStock, ProductRule::Stock),
    column("max_stock", Field::MaxStock, ProductRule::Stock),
    column("name", Field::Name, text(500)),
    column("category", Field::Category, text(200)),
    column("supplier", Field::Supplier, text(200)),
    column("unit", Field::Unit, text(20)),
    column(
        "barcode",
        Field::Barcode,
        ProductRule::Code { max_chars: 100 },
    ),
    column("purchase_price", Field::PurchasePrice, ProductRule::Price),
    column("sale_price", Field::SalePrice, ProductRule::Price),
    column(
        "minimum_order_quantity",
        Field::MinimumOrderQuantity,
        ProductRule::OrderQuantity,
    ),
    column(
        "pack_multiple",
        Field::PackMultiple,
        ProductRule::OrderQuantity,
    ),
    column("lead_time_days", Field::LeadTimeDays, ProductRule::Days),
    column("active", Field::Active, ProductRule::YesNo),
];

/// Numbers that may have been computed, with their decimals.
const NUMBERS: &[(Field, u32)] = &[
    (Field::PurchasePrice, 6),
    (Field::SalePrice, 6),
    (Field::MinStock, 3),
    (Field::MaxStock, 3),
    (Field::MinimumOrderQuantity, 3),
    (Field::PackMultiple, 3),
];

/// The value of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ProductValue<'a> {
    /// The cell is empty.
    Absent,
    Text(&'a str),
    Currency(CurrencyCode),
    /// Millionths.
    Price(i64),
    /// Thousandths.
    Quantity(i64),
    Days(i32),
    YesNo(bool),
}

/// A valid row, its values in the order of [`PRODUCT_COLUMNS`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProductLine<'a> {
    pub(crate) line: u64,
    pub(crate) sku: &'a str,
    pub(crate) values: [ProductValue<'a>; PRODUCT_COLUMNS.len()],
}

impl ProductLine<'_> {
    fn quantity(&self, field: Field) -> Option<i64> {
        let index = PRODUCT_COLUMNS.iter().position(|c| c.field == field)?;
        match self.values[index] {
            ProductValue::Quantity(quantity) => Some(quantity),
            _ => None,
        }
    }
}

/// Reads records as products.
pub(crate) struct ProductReader<'p> {
    pub(super) cells: CellReader<'p>,
    currency: CurrencyCode,
    profile: RowProfile,
    total_rows: TotalRows,
    /// About the current row.
    pub(super) warnings: Vec<RowWarning>,
}

impl<'p> ProductReader<'p> {
    pub(super) fn new(
        plan: &Plan,
        options: &'p Options,
        context: &Context,
    ) -> Result<Self, FileError> {
        Ok(Self {
            cells: CellReader::new(plan, options),
            currency: context.file_currency(options)?,
            profile: plan.profile,
            total_rows: options.total_rows,
            warnings: Vec::new(),
        })
    }

    /// Returns the product of a row, and leaves its keys in `keys`.
    pub(crate) fn read_line<'r>(
        &mut self,
        record: Record<'r>,
        keys: &mut RowKeys,
    ) -> Result<ProductLine<'r>, RowError> {
        self.warnings.clear();
        reject_title(&self.cells, record, self.total_rows, self.profile)?;
        let sku = self.cells.require_sku(record, keys)?;
        let currency = self.cells.read_currency(record, self.currency)?;
        let mut line = ProductLine {
            line: record.line,
            sku,
            values: [ProductValue::Absent; PRODUCT_COLUMNS.len()],
        };
        for (value, column) in line.values.iter_mut().zip(PRODUCT_COLUMNS) {
            *value = self.read_value(record, column, currency)?;
        }
        let name = |field| self.cells.cell(record, field);
        write_name_key(Field::Category, name(Field::Category), &mut keys.category)?;
        write_name_key(Field::Supplier, name(Field::Supplier), &mut keys.supplier)?;
        let range = line
            .quantity(Field::MinStock)
            .zip(line.quantity(Field::MaxStock));
        if range.is_some_and(|(min, max)| min > max) {
            return Err(RowError::new(Field::MaxStock, "below_minimum"));
        }
        let texts = [Field::Sku, Field::Name, Field::Category, Field::Supplier];
        warn_of_garbled(&self.cells, record, &texts, &mut self.warnings);
        warn_of_rounded(&self.cells, record, NUMBERS, &mut self.warnings);
        self.cells
            .warn_of_damaged(record, (sku, keys), &mut self.warnings);
        Ok(line)
    }

    /// Adds whatever else is wrong with a rejected row.
    pub(super) fn find_errors(&self, record: Record<'_>, errors: &mut RowErrors) {
        let mut keys = RowKeys::default();
        errors.check(self.cells.require_sku(record, &mut keys));
        let currency = self.cells.read_currency(record, self.currency);
        let assumed = *currency.as_ref().unwrap_or(&self.currency);
        errors.check(currency);
        for column in PRODUCT_COLUMNS {
            errors.check(self.read_value(record, column, assumed));
        }
    }

    fn read_value<'r>(
        &self,
        record: Record<'r>,
        column: &ProductColumn,
        currency: CurrencyCode,
    ) -> Result<ProductValue<'r>, RowError> {
        let field = column.field;
        if let ProductRule::Currency = column.rule {
            return Ok(ProductValue::Currency(currency));
        }
        let cell = self.cells.cell(record, field);
        if cell.is_empty() {
            return Ok(ProductValue::Absent);
        }
        match column.rule {
            ProductRule::Currency => Ok(ProductValue::Currency(currency)),
            ProductRule::Text { max_chars } => {
                let text = self.cells.read_text(record, field, max_chars)?;
                Ok(ProductValue::Text(text))
            }
            ProductRule::Code { max_chars } => {
                let code = self.cells.read_code(record, field, max_chars)?;
                Ok(ProductValue::Text(trim_fraction(code)))
            }
            ProductRule::Price => {
                let price = self.cells.read_money(record, field, currency)?;
                reject_negative(field, price).map(ProductValue::Price)
            }
            ProductRule::Stock => self
                .read_quantity(record, field)
                .map(ProductValue::Quantity),
            ProductRule::OrderQuantity => match self.read_quantity(record, field)? {
                0 => Err(RowError::new(field, "not_positive")),
                quantity => Ok(ProductValue::Quantity(quantity)),
            },
            ProductRule::Days => {
                let thousandths = self.read_quantity(record, field)?;
                whole_days(field, thousandths).map(ProductValue::Days)
            }
            ProductRule::YesNo => {
                Ok(parse_yes_no(field, cell)?.map_or(ProductValue::Absent, ProductValue::YesNo))
            }
        }
    }

    fn read_quantity(&self, record: Record<'_>, field: Field) -> Result<i64, RowError> {
        let quantity = self.cells.read_number(record, field, 3)?.scaled;
        reject_negative(field, quantity)
    }
}

fn reject_negative(field: Field, value: i64) -> Result<i64, RowError> {
    if value < 0 {
        Err(RowError::new(field, "negative"))
    } else {
        Ok(value)
    }
}

fn whole_days(field: Field, thousandths: i64) -> Result<i32, RowError> {
    i32::try_from(thousandths / 1000)
        .ok()
        .filter(|days| thousandths % 1000 == 0 && *days <= MAX_DAYS)
        .ok_or_else(|| {
            let reason = Text::new("not_whole_days").with("most", MAX_DAYS);
            out_of_range(field, reason)
        })
}

/// Returns `None` for a cell without a word, such as a dash.
fn parse_yes_no(field: Field, text: &str) -> Result<Option<bool>, RowError> {
    match fold_text(text).as_str() {
        "" => Ok(None),
        "1" | "true" | "yes" | "y" | "oui" | "o" | "vrai" | "actif" | "active" | "x" => {
            Ok(Some(true))
        }
        "0" | "false" | "no" | "n" | "non" | "faux" | "inactif" | "inactive" => Ok(Some(false)),
        _ => Err(RowError::new(field, "not_a_truth_value")),
    }
}
