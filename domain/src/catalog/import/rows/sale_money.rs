//! The figures of a sale line: its quantity, price and amount, and the direction that they and the
//! type of the line give.
//!
//! Where a line has a price and an amount, the amount is what was paid; the difference to price
//! times quantity is the line's discount. A line of the type return, and a line whose amount is
//! negative, is a return whatever the sign of its quantity.

use super::cells::CellReader;
use super::row_error::{RowError, RowErrors, missing_value, out_of_range};
use super::sale_status::{LineType, parse_type};
use crate::Text;
use crate::catalog::import::cells::{Money, compute_amount, compute_unit_price, round_amount};
use crate::catalog::import::context::CurrencyCode;
use crate::catalog::import::field::Field;
use crate::catalog::import::read::Record;

/// The figures of one line. Quantity and amount of a return are negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SaleFigures {
    /// Thousandths.
    pub(super) quantity: i64,
    pub(super) money: Money,
    /// The field from which the money was computed.
    pub(super) money_field: Field,
    /// The amount isn't price times quantity.
    pub(super) amount_differs: bool,
}

#[inline]
pub(super) fn read_figures(
    cells: &CellReader<'_>,
    record: Record<'_>,
    default_currency: CurrencyCode,
) -> Result<SaleFigures, RowError> {
    let quantity = cells.read_number(record, Field::Quantity, 3)?.scaled;
    if quantity == 0 {
        return Err(RowError::new(Field::Quantity, "zero_quantity"));
    }
    let currency = cells.read_currency(record, default_currency)?;
    let figures = read_signed_figures(cells, record, quantity, currency)?;
    let has_amount = figures.money_field == Field::Amount;
    let is_refunded = has_amount && figures.money.amount < 0 && quantity > 0;
    match parse_type(cells.mapped(record, Field::Type))? {
        Some(LineType::Sale) if is_refunded => {
            Err(RowError::new(Field::Amount, "contradictory_type"))
        }
        Some(LineType::Return) => Ok(figures.into_return()),
        _ if is_refunded || (has_amount && quantity < 0) => Ok(figures.into_return()),
        _ => Ok(figures),
    }
}

/// Reads the money of a line as its cells sign it.
fn read_signed_figures(
    cells: &CellReader<'_>,
    record: Record<'_>,
    quantity: i64,
    currency: CurrencyCode,
) -> Result<SaleFigures, RowError> {
    let amount = read_given(cells, record, Field::Amount, currency)?;
    let price = read_given(cells, record, Field::UnitPrice, currency)?;
    let money_field = match (price, amount) {
        (_, Some(_)) => Field::Amount,
        (_, None) => Field::UnitPrice,
    };
    let too_large = || out_of_range(money_field, Text::new("amount_too_large"));
    let of_price = |price| compute_amount(price, quantity, currency).ok_or_else(too_large);
    let (money, full_amount) = match (price, amount) {
        (None, Some(amount)) => {
            let money = compute_unit_price(amount, quantity, currency).ok_or_else(too_large)?;
            (money, money.amount)
        }
        (Some(price), Some(amount)) => {
            let full = of_price(price)?;
            let amount = round_amount(amount, currency).ok_or_else(too_large)?;
            (Money { amount, ..full }, full.amount)
        }
        (Some(price), None) => {
            let full = of_price(price)?;
            let discount = read_given(cells, record, Field::Discount, currency)?.unwrap_or(0);
            let discount = round_amount(discount.abs(), currency).ok_or_else(too_large)?;
            if discount > full.amount.abs() {
                let reason = Text::new("discount_too_large");
                return Err(out_of_range(Field::Discount, reason));
            }
            let amount = full.amount - full.amount.signum() * discount;
            (Money { amount, ..full }, amount)
        }
        (None, None) => {
            return Err(missing_value(money_field, Text::new("missing_money")));
        }
    };
    Ok(SaleFigures {
        quantity,
        money,
        money_field,
        amount_differs: money.amount.abs() != full_amount.abs(),
    })
}

/// Adds what is wrong with each of the figures.
pub(super) fn check_figures(
    cells: &CellReader<'_>,
    record: Record<'_>,
    default_currency: CurrencyCode,
    errors: &mut RowErrors,
) {
    let currency = cells.read_currency(record, default_currency);
    if let Ok(currency) = currency {
        for field in [Field::UnitPrice, Field::Amount, Field::Discount] {
            errors.check(read_given(cells, record, field, currency));
        }
    }
    errors.check(currency);
    let is_empty = |field| cells.cell(record, field).is_empty();
    if is_empty(Field::UnitPrice) && is_empty(Field::Amount) {
        let missing = missing_value(Field::UnitPrice, Text::new("missing_money"));
        errors.check::<()>(Err(missing));
    }
    errors.check(parse_type(cells.mapped(record, Field::Type)));
}

/// Returns the money of a cell in millionths; `None` where it is empty.
#[inline]
fn read_given(
    cells: &CellReader<'_>,
    record: Record<'_>,
    field: Field,
    currency: CurrencyCode,
) -> Result<Option<i64>, RowError> {
    if cells.cell(record, field).is_empty() {
        return Ok(None);
    }
    cells.read_money(record, field, currency).map(Some)
}

impl SaleFigures {
    fn into_return(mut self) -> Self {
        self.quantity = -self.quantity.abs();
        self.money.amount = -self.money.amount.abs();
        self.money.unit_price = self.money.unit_price.abs();
        self
    }
}
