//! Currencies as people write them beside a number, in its cell or in the cell's number format.

use super::context::{CurrencyCode, parse_currency};

/// Signs that are no codes of ISO 4217, in capitals without blanks and points, each with the
/// currencies that it may stand for.
const SIGNS: &[(&str, &[&CurrencyCode])] = &[
    ("FCFA", CFA_FRANCS),
    ("CFA", CFA_FRANCS),
    ("FRCFA", CFA_FRANCS),
    ("FRSCFA", CFA_FRANCS),
    ("FRANCCFA", CFA_FRANCS),
    ("FRANCSCFA", CFA_FRANCS),
    ("F", FRANCS),
    ("FR", FRANCS),
    ("FRS", FRANCS),
    ("FRANC", FRANCS),
    ("FRANCS", FRANCS),
    ("FG", &[b"GNF"]),
    ("FC", &[b"CDF"]),
    ("€", &[b"EUR"]),
    ("EURO", &[b"EUR"]),
    ("EUROS", &[b"EUR"]),
    (
        "£",
        &[
            b"GBP", b"EGP", b"FKP", b"GIP", b"LBP", b"SDG", b"SHP", b"SSP", b"SYP",
        ],
    ),
    ("$", DOLLARS),
    ("US$", &[b"USD"]),
    ("$US", &[b"USD"]),
    ("R$", &[b"BRL"]),
    ("DH", &[b"MAD", b"AED"]),
    ("DHS", &[b"MAD", b"AED"]),
    ("DT", &[b"TND"]),
    ("KSH", &[b"KES"]),
    ("¥", &[b"JPY", b"CNY"]),
    ("₦", &[b"NGN"]),
    ("₵", &[b"GHS"]),
    ("GH₵", &[b"GHS"]),
    ("₹", &[b"INR"]),
    ("₨", &[b"PKR", b"LKR", b"MUR", b"NPR", b"SCR", b"INR"]),
    ("₩", &[b"KRW"]),
    ("₫", &[b"VND"]),
    ("₪", &[b"ILS"]),
    ("₱", &[b"PHP"]),
    ("₲", &[b"PYG"]),
    ("₴", &[b"UAH"]),
    ("₸", &[b"KZT"]),
    ("₺", &[b"TRY"]),
    ("₽", &[b"RUB"]),
    ("₼", &[b"AZN"]),
    ("₾", &[b"GEL"]),
    ("₡", &[b"CRC"]),
    ("₮", &[b"MNT"]),
    ("₭", &[b"LAK"]),
    ("฿", &[b"THB"]),
    ("ZŁ", &[b"PLN"]),
    ("KČ", &[b"CZK"]),
    ("KR", &[b"SEK", b"NOK", b"DKK", b"ISK"]),
];

const CFA_FRANCS: &[&CurrencyCode] = &[b"XOF", b"XAF"];
const FRANCS: &[&CurrencyCode] = &[
    b"XOF", b"XAF", b"XPF", b"BIF", b"CDF", b"CHF", b"DJF", b"GNF", b"KMF", b"RWF",
];
/// Dollars, pesos, and the escudo of Cape Verde.
const DOLLARS: &[&CurrencyCode] = &[
    b"USD", b"CAD", b"AUD", b"NZD", b"HKD", b"SGD", b"TWD", b"BBD", b"BMD", b"BND", b"BSD", b"BZD",
    b"FJD", b"GYD", b"JMD", b"KYD", b"LRD", b"NAD", b"SBD", b"SRD", b"TTD", b"XCD", b"ZWL", b"ZWG",
    b"ARS", b"CLP", b"COP", b"CUP", b"DOP", b"MXN", b"NIO", b"UYU", b"CVE",
];

/// A currency written beside a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrittenCurrency {
    Iso(CurrencyCode),
    /// A sign that several currencies may have.
    OneOf(&'static [&'static CurrencyCode]),
}

impl WrittenCurrency {
    /// Returns `None` for a text that is no currency.
    pub(crate) fn parse(sign: &str) -> Option<Self> {
        let compact: String = sign
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '.')
            .flat_map(char::to_uppercase)
            .collect();
        match SIGNS.iter().find(|(known, _)| *known == compact) {
            Some((_, [only])) => Some(Self::Iso(**only)),
            Some((_, codes)) => Some(Self::OneOf(codes)),
            None => parse_currency(&compact).map(Self::Iso),
        }
    }

    pub(crate) fn may_be(self, code: CurrencyCode) -> bool {
        match self {
            Self::Iso(iso) => iso == code,
            Self::OneOf(codes) => codes.contains(&&code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_stands_for_the_currencies_that_have_it() {
        for (sign, code, expected) in [
            ("€", b"EUR", true),
            ("€", b"XOF", false),
            ("F CFA", b"XAF", true),
            ("F", b"XOF", true),
            ("F", b"EUR", false),
            ("$", b"CAD", true),
            ("$", b"XOF", false),
            ("xof", b"XOF", true),
            ("₦", b"NGN", true),
        ] {
            let written = WrittenCurrency::parse(sign).unwrap();
            assert_eq!(written.may_be(*code), expected, "{sign} {code:?}");
        }
        for other in ["kg", "%", "", "TTC"] {
            assert_eq!(WrittenCurrency::parse(other), None, "{other}");
        }
    }
}
