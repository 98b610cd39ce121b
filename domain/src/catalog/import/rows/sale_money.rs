//! The money of a sale line: from its unit price, or from its amount where it has no price.

use super::cells::CellReader;
use super::row_error::RowError;
use crate::catalog::import::cells::{Money, compute_amount, compute_unit_price};
use crate::catalog::import::context::CurrencyCode;
use crate::catalog::import::field::Field;
use crate::catalog::import::read::Record;

/// Returns the money of a line, and the field from which it was computed. `quantity` is in
/// thousandths.
#[inline]
pub(super) fn read_sale_money(
    cells: &CellReader,
    record: Record<'_>,
    quantity: i64,
    default_currency: CurrencyCode,
) -> Result<(Field, Money), RowError> {
    if quantity == 0 {
        let reason = "a quantity of zero is no sale";
        return Err(RowError::new(Field::Quantity, "zero_quantity", reason));
    }
    let currency = cells.read_currency(record, default_currency)?;
    let has_amounts = cells.columns().position(Field::Amount).is_some();
    let (field, money) = if cells.cell(record, Field::UnitPrice).is_empty() && has_amounts {
        let total = cells.read_money(record, Field::Amount, currency)?;
        (Field::Amount, compute_unit_price(total, quantity, currency))
    } else {
        let price = cells.read_money(record, Field::UnitPrice, currency)?;
        (Field::UnitPrice, compute_amount(price, quantity, currency))
    };
    let too_large = || RowError::new(field, "out_of_range", "the amount is too large");
    Ok((field, money.ok_or_else(too_large)?))
}
