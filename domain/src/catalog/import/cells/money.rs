//! A line's price and amount in scaled integers. Prices have six decimals, amounts are rounded half away
//! from zero to the currency's smallest unit.

use platform::money::{Currency, exponent};

use crate::catalog::import::cells::number::Written;
use crate::catalog::import::detect::columns::Field;
use crate::catalog::import::rows::row_error::Flaw;

/// What one line is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::catalog::import) struct Money {
    /// Millionths.
    pub unit_price: i64,
    /// Ten-thousandths, a whole number of the currency's units.
    pub amount: i64,
    pub currency: [u8; 3],
}

/// From the price of one and thousandths of a unit. `None`: too large.
pub(in crate::catalog::import) fn amount_of(
    unit_price: i64,
    quantity: i64,
    currency: [u8; 3],
) -> Option<Money> {
    let product = i128::from(unit_price) * i128::from(quantity);
    let amount = round_to(product, 9, decimals(currency))?;
    Some(Money {
        unit_price,
        amount,
        currency,
    })
}

/// From the line's total in millionths; the price of one is what it makes.
pub(in crate::catalog::import) fn price_of(
    total: i64,
    quantity: i64,
    currency: [u8; 3],
) -> Option<Money> {
    let amount = round_to(i128::from(total), 6, decimals(currency))?;
    let unit_price = divide(i128::from(total) * 1000, i128::from(quantity));
    let unit_price = i64::try_from(unit_price).ok()?;
    Some(Money {
        unit_price,
        amount,
        currency,
    })
}

/// A currency by its code, or as West Africa writes it.
pub(in crate::catalog::import) fn currency_named(text: &str) -> Result<[u8; 3], Flaw> {
    let code = match text {
        "FCFA" | "F CFA" | "CFA" => "XOF",
        code => code,
    };
    Currency::from_code(code)
        .and_then(|_| code.as_bytes().try_into().ok())
        .ok_or_else(|| {
            Flaw::new(
                Field::Currency,
                "unknown_currency",
                "isn't an ISO 4217 code",
            )
        })
}

/// A number whose currency, where it names one, is its line's.
pub(in crate::catalog::import) fn in_currency(
    field: Field,
    written: Written,
    currency: [u8; 3],
) -> Result<i64, Flaw> {
    if written
        .currency
        .is_some_and(|named| !named.may_be(currency))
    {
        let code = String::from_utf8_lossy(&currency);
        return Err(Flaw::new(
            field,
            "other_currency",
            format!("isn't written in {code}"),
        ));
    }
    Ok(written.scaled)
}

fn decimals(currency: [u8; 3]) -> u32 {
    match &currency {
        b"XOF" | b"XAF" => 0,
        b"EUR" | b"GBP" | b"USD" => 2,
        other => std::str::from_utf8(other)
            .ok()
            .and_then(Currency::from_code)
            .map_or(2, exponent)
            .min(4),
    }
}

/// `value` of `scale` decimals rounded to `decimals` and given with four.
fn round_to(value: i128, scale: u32, decimals: u32) -> Option<i64> {
    let units = divide(value, 10_i128.pow(scale - decimals));
    i64::try_from(units * 10_i128.pow(4 - decimals)).ok()
}

/// Half away from zero.
fn divide(value: i128, by: i128) -> i128 {
    let (value, by) = if by < 0 { (-value, -by) } else { (value, by) };
    // Nearly all amounts fit in 64 bits, where division is several times faster.
    if let (Ok(small), Ok(by)) = (i64::try_from(value), i64::try_from(by)) {
        let half = if small < 0 { -(by / 2) } else { by / 2 };
        if let Some(sum) = small.checked_add(half) {
            return i128::from(sum / by);
        }
    }
    let half = if value < 0 { -(by / 2) } else { by / 2 };
    (value + half) / by
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_rounded_half_away_from_zero_to_the_currencys_unit() {
        for (price, quantity, currency, amount) in [
            (2_550_000, 6_000, b"GBP", 153_000),
            (1_005_000, 1_000, b"EUR", 10_100),
            (1_004_999, 1_000, b"EUR", 10_000),
            (1_005_000, -1_000, b"EUR", -10_100),
            (1_234_500_000, 1_000, b"XOF", 12_350_000),
            (100_000, 3_333, b"TND", 3_330),
            (-11_062_060_000, 1_000, b"GBP", -110_620_600),
        ] {
            assert_eq!(
                amount_of(price, quantity, *currency).unwrap().amount,
                amount
            );
        }
    }

    #[test]
    fn a_line_with_only_a_total_gets_its_price_from_it() {
        let money = price_of(10_000_000, 3_000, *b"EUR").unwrap();
        assert_eq!((money.unit_price, money.amount), (3_333_333, 100_000));
        let returned = price_of(-10_000_000, -4_000, *b"EUR").unwrap();
        assert_eq!(
            (returned.unit_price, returned.amount),
            (2_500_000, -100_000)
        );
        assert_eq!(amount_of(i64::MAX, i64::MAX, *b"EUR"), None);
    }
}
