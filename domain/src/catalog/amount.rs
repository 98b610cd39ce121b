//! Exact numbers of a request. JSON has no exact fractions, so a quantity or an amount of money is
//! a decimal string or an integer. A fraction as a JSON number is rejected before it can lose a
//! cent.

use platform::money::Decimal;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};

/// An exact number of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub Decimal);

/// Digits before and after the point of `numeric(18,3)`.
const QUANTITY_DIGITS: (u32, u32) = (15, 3);
/// Digits before and after the point of `numeric(20,6)`.
const PRICE_DIGITS: (u32, u32) = (14, 6);

impl Amount {
    /// Returns the number as a quantity, or a message if it has more digits than are stored.
    pub(super) fn to_quantity(self) -> Result<Decimal, &'static str> {
        self.fit_digits(QUANTITY_DIGITS)
            .ok_or("at most 15 digits before the point and 3 after it")
    }

    /// Returns the number as a unit price, or a message if it has more digits than are stored.
    pub(super) fn to_price(self) -> Result<Decimal, &'static str> {
        self.fit_digits(PRICE_DIGITS)
            .ok_or("at most 14 digits before the point and 6 after it")
    }

    fn fit_digits(self, (whole, scale): (u32, u32)) -> Option<Decimal> {
        let number = self.0.normalize();
        let limit = Decimal::from(10_i64.checked_pow(whole)?);
        (number.scale() <= scale && number.abs() < limit).then_some(number)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a decimal string or an integer")
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Amount, E> {
        Ok(Amount(value.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Amount, E> {
        Ok(Amount(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Amount, E> {
        Err(E::custom(
            "a fraction must be a decimal string, such as \"12.5\"",
        ))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
        let plain = !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
        let number = if plain {
            Decimal::from_str_exact(text).ok()
        } else {
            None
        };
        number
            .map(Amount)
            .ok_or_else(|| E::custom("not a decimal number"))
    }
}

/// Deserializes a field that may be absent (`None`), null (`Some(None)`) or set, for
/// `#[serde(default, deserialize_with)]`.
pub(super) fn deserialize_nullable<'de, D, T>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
        .map(Some)
        .map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_amount(json: &str) -> Result<Amount, String> {
        serde_json::from_str(json).map_err(|e| e.to_string())
    }

    #[test]
    fn strings_and_integers_are_exact_and_fractions_are_rejected() {
        assert_eq!(parse_amount("\"12.500\"").unwrap().0.to_string(), "12.500");
        assert_eq!(parse_amount("-3").unwrap().0, Decimal::from(-3));
        assert!(parse_amount("12.5").unwrap_err().contains("decimal string"));
        for wrong in [
            "\"\"",
            "\"1e3\"",
            "\"1 000\"",
            "\"1_0\"",
            "\"12,5\"",
            "\"+1\"",
            "\"1.2.3\"",
            "null",
            "true",
            "1e400",
        ] {
            assert!(parse_amount(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn more_digits_than_are_stored_are_rejected_and_not_rounded() {
        let of = |text: &str| Amount(text.parse().unwrap());
        assert_eq!(of("12.5000").to_quantity().unwrap().to_string(), "12.5");
        assert!(of("0.0001").to_quantity().is_err());
        assert!(of("1000000000000000").to_quantity().is_err());
        assert!(of("-999999999999999.999").to_quantity().is_ok());
        assert!(of("0.000001").to_price().is_ok());
        assert!(of("0.0000001").to_price().is_err());
    }
}
