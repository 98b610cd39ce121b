//! A file of sales that was sent as counts: its quantities would become levels.

use super::columns::Columns;
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::options::Options;

/// Fields that sales have and counts lack.
const OF_SALES: [Field; 5] = [
    Field::Document,
    Field::Customer,
    Field::Amount,
    Field::GrossAmount,
    Field::Discount,
];

/// Rejects a file of counts that has the columns of sales. A column that is named for stock, or
/// that the options name, holds counts whatever stands beside it: an inventory may have values.
pub(super) fn reject_sales(columns: &Columns, options: &Options) -> Result<(), FileError> {
    let sales = Columns::name_fields(columns.header.clone(), Kind::Sales);
    let is_sold = sales.position(Field::Quantity) == columns.position(Field::Quantity);
    if !is_sold || options.mapping.contains_key(&Field::Quantity) {
        return Ok(());
    }
    let is_taken = |field: Field, position| {
        let mut others = Field::iter_all().filter(|other| *other != field);
        others.any(|other| columns.position(other) == Some(position))
    };
    let has = |field: &Field| {
        let position = sales.position(*field);
        position.is_some_and(|position| !is_taken(*field, position))
            && options.mapping.get(field) != Some(&None)
    };
    let mut found: Vec<Field> = OF_SALES.into_iter().filter(has).collect();
    if found.is_empty() {
        if columns.position(Field::Date).is_none() || !has(&Field::UnitPrice) {
            return Ok(());
        }
        found.push(Field::UnitPrice);
    }
    let titles = found.iter().filter_map(|field| sales.title(*field));
    let listed: Vec<String> = titles.map(|title| format!("\"{title}\"")).collect();
    Err(FileError::new("columns_of_another_kind")
        .with("kind", "sales")
        .with("listed", listed.join(", "))
        .with("column", columns.title(Field::Quantity).unwrap_or_default()))
}
