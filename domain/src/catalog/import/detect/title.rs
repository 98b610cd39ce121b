//! What the header of a column says: the name of its field, and what its values are written in.
//! `Prix unitaire TTC (F CFA)` is a unit price in francs, `Remise %` a discount in percent. A sign
//! that isn't understood stays in the name, so that `Stock +/-` isn't the stock.

use crate::catalog::import::cells::{fold_text, strip_percent};
use crate::catalog::import::field::Field;
use crate::catalog::import::written_currency::WrittenCurrency;

/// Words of a percentage, folded, at either end of a name.
const PERCENT_WORDS: [&str; 7] = [
    "pourcentage",
    "percentage",
    "pourcent",
    "percent",
    "pct",
    "taux",
    "rate",
];
/// Whether taxes are in an amount, folded.
const TAX_WORDS: [&str; 12] = [
    "ht",
    "ttc",
    "htva",
    "tvac",
    "horstaxe",
    "horstaxes",
    "toutestaxescomprises",
    "taxesincluses",
    "excltax",
    "incltax",
    "exclvat",
    "inclvat",
];
/// Units in which stock is kept, folded. A unit that must be converted, as g or a carton, is none.
const UNITS: [&str; 18] = [
    "kg", "kgs", "kilo", "kilos", "l", "litre", "litres", "m", "u", "un", "unite", "unites",
    "unit", "units", "pc", "pcs", "piece", "pieces",
];
/// Codes of currencies that stand outside of brackets in small letters, too.
const USUAL_CODES: [&str; 6] = ["eur", "usd", "gbp", "xof", "xaf", "fcfa"];

/// A header, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Title {
    /// The whole header folded, with its signs: two headers are equal where their keys are.
    pub(super) key: String,
    /// The header folded without what the other fields hold.
    pub(super) name: String,
    pub(super) is_percent: bool,
    pub(super) currency: Option<WrittenCurrency>,
    names_tax: bool,
    names_unit: bool,
}

impl Title {
    pub(super) fn read(header: &str) -> Self {
        let mut title = Self {
            key: fold_signs(header),
            name: String::new(),
            is_percent: header.contains(['%', '\u{ff05}']),
            currency: None,
            names_tax: false,
            names_unit: false,
        };
        let mut rest = header.trim();
        while let Some(shorter) = title.strip_end(rest) {
            rest = shorter;
        }
        rest = title.strip_sign(rest);
        title.name = fold_signs(rest).replace('%', "");
        title.strip_words();
        title
    }

    /// Whether a column with this header may hold the field that its name means.
    pub(super) fn may_hold(&self, field: Field) -> bool {
        let is_quantity = || {
            let quantities = [Field::Quantity, Field::MinStock, Field::MaxStock];
            quantities.contains(&field)
        };
        (!self.is_percent || field == Field::Discount)
            && (field.is_money() || (self.currency.is_none() && !self.names_tax))
            && (!self.names_unit || is_quantity())
    }

    /// Whether equal values under both headers are equal.
    pub(super) fn means_as(&self, other: &Self) -> bool {
        (self.is_percent, self.currency) == (other.is_percent, other.currency)
    }

    /// Removes what stands in brackets at the end of a header, or its last words, where they are
    /// understood.
    fn strip_end<'h>(&mut self, header: &'h str) -> Option<&'h str> {
        let header = header.trim_end();
        for (open, close) in [('(', ')'), ('[', ']')] {
            if let Some((rest, inner)) = header
                .strip_suffix(close)
                .and_then(|inside| inside.rsplit_once(open))
            {
                let is_known = !rest.trim().is_empty() && self.read_remark(inner.trim(), true);
                return is_known.then_some(rest);
            }
        }
        let is_blank = |c: char| c.is_whitespace() || c == '_';
        let blanks = header.char_indices().rev().filter(|(_, c)| is_blank(*c));
        let mut ends: Vec<usize> = blanks.map(|(index, _)| index).take(3).collect();
        ends.reverse();
        ends.into_iter().find_map(|end| {
            let (rest, last) = header.split_at(end);
            let is_known = !rest.is_empty() && self.read_remark(last.trim_matches(is_blank), false);
            is_known.then_some(rest)
        })
    }

    /// Reads a remark such as `en F CFA`, `TTC`, `kg`. Outside of brackets a unit needs the word
    /// before it, and the code of a currency its capitals.
    fn read_remark(&mut self, remark: &str, in_brackets: bool) -> bool {
        let words = remark.split_once(char::is_whitespace);
        let named = words.filter(|(word, _)| matches!(&*fold_text(word), "en" | "in"));
        let text = named.map_or(remark, |(_, text)| text.trim());
        let folded = fold_text(text);
        if strip_percent(text) == Some("") {
            return true;
        }
        if PERCENT_WORDS.contains(&folded.as_str()) {
            self.is_percent = true;
            return true;
        }
        if TAX_WORDS.contains(&folded.as_str()) {
            self.names_tax = true;
            return true;
        }
        let is_marked = in_brackets || named.is_some();
        if is_marked && UNITS.contains(&folded.as_str()) {
            self.names_unit = true;
            return true;
        }
        let has_capitals = !text.contains(char::is_lowercase);
        if is_marked || has_capitals || USUAL_CODES.contains(&folded.as_str()) {
            let read = WrittenCurrency::parse(text);
            self.currency = self.currency.or(read);
            return read.is_some();
        }
        false
    }

    /// Removes the sign of a currency that touches the name, as in `Prix€`.
    fn strip_sign<'h>(&mut self, header: &'h str) -> &'h str {
        let is_sign = |c: char| is_currency_sign(c);
        let rest = header.trim_matches(is_sign);
        let (before, after) = header.split_once(rest).unwrap_or_default();
        let sign = if before.is_empty() { after } else { before };
        match WrittenCurrency::parse(sign) {
            Some(currency) if !rest.is_empty() && (before.is_empty() || after.is_empty()) => {
                self.currency = self.currency.or(Some(currency));
                rest
            }
            _ => header,
        }
    }

    /// Removes words that are one with the name once it is folded, as in `PrixTTC`.
    fn strip_words(&mut self) {
        for word in ["ttc", "ht"] {
            if let Some(rest) = self.name.strip_suffix(word) {
                (self.name, self.names_tax) = (rest.to_owned(), true);
                break;
            }
        }
        for word in PERCENT_WORDS {
            let name = self.name.strip_prefix(word);
            if let Some(rest) = name.or_else(|| self.name.strip_suffix(word)) {
                (self.name, self.is_percent) = (rest.to_owned(), true);
                break;
            }
        }
        if self.is_percent {
            let name = self.name.as_str();
            let name = name.strip_prefix("de").unwrap_or(name);
            self.name = name.strip_suffix("en").unwrap_or(name).to_owned();
        }
    }
}

/// Folds a header and keeps the signs that change its meaning.
pub(super) fn fold_signs(header: &str) -> String {
    let mut folded = fold_text(&header.replace('º', ""));
    let changes_meaning = |c: &char| matches!(c, '%' | '‰' | '+' | '±') || is_currency_sign(*c);
    let signs = header
        .chars()
        .map(|c| if c == '\u{ff05}' { '%' } else { c });
    folded.extend(signs.filter(changes_meaning));
    folded
}

fn is_currency_sign(c: char) -> bool {
    matches!(c, '$' | '¢' | '£' | '¤' | '¥' | '\u{20a0}'..='\u{20cf}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_with_what_its_values_are_written_in() {
        let read = |sign| WrittenCurrency::parse(sign).unwrap();
        let (cfa, euro) = (read("FCFA"), read("€"));
        for (header, name, currency) in [
            ("Prix €", "prix", Some(euro)),
            ("Prix€", "prix", Some(euro)),
            ("€ Prix", "prix", Some(euro)),
            ("Prix ($)", "prix", Some(read("$"))),
            ("Montant [€]", "montant", Some(euro)),
            ("Prix (EUR)", "prix", Some(euro)),
            ("price_eur", "price", Some(euro)),
            ("Prix (FCFA)", "prix", Some(cfa)),
            ("Prix en F CFA", "prix", Some(cfa)),
            ("Prix XOF", "prix", Some(read("XOF"))),
            ("Prix unitaire TTC (F CFA)", "prixunitaire", Some(cfa)),
            ("Prix H.T.", "prix", None),
            ("PU HT", "pu", None),
            ("PVTTC", "pv", None),
            ("Prix all", "prixall", None),
            ("Prix (vente)", "prixvente", None),
            ("Prix ₽", "prix", Some(read("₽"))),
            ("Prix ₳", "prix₳", None),
            ("Qté (kg)", "qte", None),
            ("Qté en kg", "qte", None),
            ("Qté (g)", "qteg", None),
            ("Stock +/-", "stock+", None),
            ("Nº article", "narticle", None),
            ("F", "f", None),
            ("", "", None),
            ("€", "€", None),
        ] {
            let title = Title::read(header);
            assert_eq!((&*title.name, title.currency), (name, currency), "{header}");
        }
    }

    #[test]
    fn a_percentage_is_a_discount_or_nothing() {
        for header in [
            "Remise %",
            "Remise (%)",
            "Remise en %",
            "% remise",
            "Taux de remise",
            "Remise (en pourcentage)",
            "remise_pct",
        ] {
            let title = Title::read(header);
            assert_eq!(title.name, "remise", "{header}");
            assert!(
                title.is_percent && title.may_hold(Field::Discount),
                "{header}"
            );
        }
        for header in ["PA %", "Marge %", "Total (%)", "Stock min %", "Taux TVA"] {
            let title = Title::read(header);
            assert!(title.is_percent, "{header}");
            assert!(!title.may_hold(Field::PurchasePrice) && !title.may_hold(Field::MinStock));
        }
    }
}
