//! Amounts: a decimal with its currency, rounded half away from zero to the currency's exponent.
//! Amounts of two currencies are never added.

pub use iso_currency::Currency;
pub use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy;

/// Rounds `amount` to the smallest unit of `currency`: 0 decimals for XOF, 2 for EUR.
pub fn round_to_currency(amount: Decimal, currency: Currency) -> Decimal {
    amount.round_dp_with_strategy(
        currency_exponent(currency),
        RoundingStrategy::MidpointAwayFromZero,
    )
}

/// Returns the decimals of the currency's smallest unit (ISO 4217); 2 if the standard has none.
pub fn currency_exponent(currency: Currency) -> u32 {
    currency.exponent().map_or(2, u32::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn francs_have_no_cents_and_halves_go_up() {
        let price: Decimal = "1234.5".parse().unwrap();
        assert_eq!(round_to_currency(price, Currency::XOF), Decimal::from(1235));
        assert_eq!(
            round_to_currency(-price, Currency::XOF),
            Decimal::from(-1235)
        );
        let cents: Decimal = "10.005".parse().unwrap();
        assert_eq!(round_to_currency(cents, Currency::EUR).to_string(), "10.01");
    }
}
