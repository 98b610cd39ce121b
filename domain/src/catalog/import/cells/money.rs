//! A line's price and amount in scaled integers. Prices have six decimals; amounts are rounded
//! half away from zero to the currency's smallest unit.

use platform::money::{Currency, currency_exponent};

use crate::catalog::import::context::CurrencyCode;

/// The price and the amount of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Money {
    /// Millionths.
    pub(crate) unit_price: i64,
    /// Ten-thousandths, a whole number of the currency's units.
    pub(crate) amount: i64,
    pub(crate) currency: CurrencyCode,
}

/// Computes the amount from a unit price in millionths and a quantity in thousandths. Returns
/// `None` where it is too large.
pub(crate) fn compute_amount(
    unit_price: i64,
    quantity: i64,
    currency: CurrencyCode,
) -> Option<Money> {
    let product = i128::from(unit_price) * i128::from(quantity);
    let amount = round_to(product, 9, decimals_of(currency))?;
    Some(Money {
        unit_price,
        amount,
        currency,
    })
}

/// Computes the unit price from the line's total in millionths and a quantity in thousandths.
/// Returns `None` where it is too large.
pub(crate) fn compute_unit_price(
    total: i64,
    quantity: i64,
    currency: CurrencyCode,
) -> Option<Money> {
    let amount = round_amount(total, currency)?;
    let unit_price = divide_rounded(i128::from(total) * 1000, i128::from(quantity));
    let unit_price = i64::try_from(unit_price).ok()?;
    Some(Money {
        unit_price,
        amount,
        currency,
    })
}

/// Rounds an amount in millionths to the currency's smallest unit; returns ten-thousandths.
pub(crate) fn round_amount(total: i64, currency: CurrencyCode) -> Option<i64> {
    round_to(i128::from(total), 6, decimals_of(currency))
}

/// Computes a share of an amount in ten-thousandths, rounded to the currency's smallest unit.
/// `percent` is in millionths.
pub(crate) fn compute_share(amount: i64, percent: i64, currency: CurrencyCode) -> Option<i64> {
    round_to(
        i128::from(amount) * i128::from(percent),
        12,
        decimals_of(currency),
    )
}

/// Returns the decimals of the currency's smallest unit, 4 at most.
fn decimals_of(currency: CurrencyCode) -> u32 {
    match &currency {
        b"XOF" | b"XAF" => 0,
        b"EUR" | b"GBP" | b"USD" => 2,
        other => std::str::from_utf8(other)
            .ok()
            .and_then(Currency::from_code)
            .map_or(2, currency_exponent)
            .min(4),
    }
}

/// Rounds `value`, which has `scale` decimals, to `decimals` and returns it in ten-thousandths.
fn round_to(value: i128, scale: u32, decimals: u32) -> Option<i64> {
    let units = divide_rounded(value, 10_i128.pow(scale - decimals));
    i64::try_from(units * 10_i128.pow(4 - decimals)).ok()
}

/// Divides, rounding half away from zero.
fn divide_rounded(value: i128, by: i128) -> i128 {
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
    fn an_amount_is_rounded_half_away_from_zero_to_the_currencys_unit() {
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
                compute_amount(price, quantity, *currency).unwrap().amount,
                amount
            );
        }
    }

    #[test]
    fn a_share_is_rounded_to_the_currencys_unit() {
        for (amount, percent, currency, share) in [
            (20_000_000, 10_000_000, b"XOF", 2_000_000),
            (333_300, 10_000_000, b"EUR", 33_300),
            (9_990_000, 12_500_000, b"XOF", 1_250_000),
        ] {
            let computed = compute_share(amount, percent, *currency);
            assert_eq!(computed, Some(share), "{amount} {percent}");
        }
    }

    #[test]
    fn the_unit_price_of_a_line_with_only_a_total_is_computed_from_it() {
        let money = compute_unit_price(10_000_000, 3_000, *b"EUR").unwrap();
        assert_eq!((money.unit_price, money.amount), (3_333_333, 100_000));
        let returned = compute_unit_price(-10_000_000, -4_000, *b"EUR").unwrap();
        assert_eq!(
            (returned.unit_price, returned.amount),
            (2_500_000, -100_000)
        );
        assert_eq!(compute_amount(i64::MAX, i64::MAX, *b"EUR"), None);
    }
}
