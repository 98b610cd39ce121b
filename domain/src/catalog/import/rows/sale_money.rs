//! The figures of a sale line: its quantity, price and amount, and the direction that they and the
//! type of the line give.
//!
//! Where a line has a price and an amount, the amount is what was paid; the difference to price
//! times quantity is the line's discount. Without an amount, the discount is subtracted from the
//! gross amount, else from price times quantity. A line of the type return, and a line whose amount
//! is negative, is a return whatever the sign of its quantity.

use super::cells::{CellReader, Discount};
use super::row_error::{RowError, RowErrors, missing_value, out_of_range};
use super::sale_status::parse_type;
use crate::Text;
use crate::catalog::import::cells::{
    LineType, Money, compute_amount, compute_share, compute_unit_price, round_amount,
};
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
    let has_amount = figures.money_field != Field::UnitPrice;
    let is_refunded = has_amount && figures.money.amount < 0 && quantity > 0;
    match parse_type(cells.mapped(record, Field::Type))? {
        Some(LineType::Sale) if is_refunded => {
            Err(RowError::new(figures.money_field, "contradictory_type"))
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
    let gross = match amount {
        Some(_) => None,
        None => read_given(cells, record, Field::GrossAmount, currency)?,
    };
    let price = read_given(cells, record, Field::UnitPrice, currency)?;
    let money_field = match (amount, gross) {
        (Some(_), _) => Field::Amount,
        (None, Some(_)) => Field::GrossAmount,
        (None, None) => Field::UnitPrice,
    };
    let too_large = || out_of_range(money_field, Text::new("amount_too_large"));
    let total = amount.or(gross);
    let full = match (price, total) {
        (Some(price), _) => compute_amount(price, quantity, currency),
        (None, Some(total)) => compute_unit_price(total, quantity, currency),
        (None, None) => return Err(missing_value(money_field, Text::new("missing_money"))),
    };
    let full = full.ok_or_else(too_large)?;
    let total = match total {
        Some(total) => round_amount(total, currency).ok_or_else(too_large)?,
        None => full.amount,
    };
    let discount = match amount {
        Some(_) => 0,
        None => read_discount(cells, record, total, currency)?,
    };
    let money = Money {
        amount: total - total.signum() * discount,
        ..full
    };
    Ok(SaleFigures {
        quantity,
        money,
        money_field,
        amount_differs: total.abs() != full.amount.abs()
            && !is_explained(cells, record, (full.amount, total), currency),
    })
}

/// Returns whether the discount of the row is the difference between its price and its amount.
fn is_explained(
    cells: &CellReader<'_>,
    record: Record<'_>,
    (full, paid): (i64, i64),
    currency: CurrencyCode,
) -> bool {
    let discount = read_discount(cells, record, full, currency);
    discount.is_ok_and(|discount| full.abs() - discount == paid.abs())
}

/// Returns what is taken off an amount, both in ten-thousandths.
fn read_discount(
    cells: &CellReader<'_>,
    record: Record<'_>,
    amount: i64,
    currency: CurrencyCode,
) -> Result<i64, RowError> {
    let too_large = |text| out_of_range(Field::Discount, Text::new(text));
    let discount = match cells.read_discount(record, currency)? {
        None => return Ok(0),
        Some(Discount::Amount(discount)) => round_amount(discount.abs(), currency),
        Some(Discount::Percent(percent)) => compute_share(amount.abs(), percent, currency),
    };
    let discount = discount.ok_or_else(|| too_large("amount_too_large"))?;
    if discount > amount.abs() {
        return Err(too_large("discount_too_large"));
    }
    Ok(discount)
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
        for field in [Field::UnitPrice, Field::Amount, Field::GrossAmount] {
            errors.check(read_given(cells, record, field, currency));
        }
        errors.check(cells.read_discount(record, currency));
    }
    errors.check(currency);
    let money = [Field::UnitPrice, Field::Amount, Field::GrossAmount];
    if (money.iter()).all(|field| cells.cell(record, *field).is_empty()) {
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
