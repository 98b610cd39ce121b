//! The words by which totals and footers of printed lists are known.

use super::text::fold_text;

/// The words that alone make a total, folded.
const TOTALS: [&str; 26] = [
    "total",
    "totaux",
    "totals",
    "totalgeneral",
    "totalgeneraux",
    "grandtotal",
    "soustotal",
    "soustotaux",
    "stotal",
    "sstotal",
    "subtotal",
    "subtotals",
    "sommetotale",
    "somme",
    "sum",
    "summe",
    "ttl",
    "cumul",
    "cumuls",
    "areporter",
    "recapitulatif",
    "moyenne",
    "average",
    "mbooleem",
    "итого",
    "всего",
];
/// Words that are names of products too.
const WORDS: [&str; 6] = ["report", "reports", "ensemble", "solde", "balance", "recap"];
/// How a longer label of a total or of a footer begins, as `Sous-total Boissons`.
const STARTS: [&str; 16] = [
    "total",
    "soustotal",
    "stotal",
    "sstotal",
    "subtotal",
    "grandtotal",
    "sommetotale",
    "cumul",
    "areporter",
    "netapayer",
    "nombred",
    "nbred",
    "imprimele",
    "editele",
    "printedon",
    "page",
];
/// Signs of a sum, which folding removes.
const SIGNS: [&str; 2] = ["∑", "Σ"];
/// Longer texts are no labels.
const MAX_LABEL_BYTES: usize = 60;

/// What a text says of its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    /// A total, and nothing else.
    Total,
    /// Begins like a total or a footer.
    Longer,
    /// A total or a product.
    Word,
    None,
}

/// Whether a code has the first letter of a total, or is empty.
#[inline]
pub(crate) fn may_be_label(code: &str) -> bool {
    matches!(
        code.as_bytes().first(),
        None | Some(b't' | b'T' | b's' | b'S' | b'g' | b'G')
    )
}

/// Returns `None` for a text that is no label.
pub(crate) fn read_label(text: &str) -> Option<Label> {
    if text.is_empty() || text.len() > MAX_LABEL_BYTES {
        return None;
    }
    let folded = fold_text(text);
    if TOTALS.contains(&&*folded) || SIGNS.contains(&text) {
        return Some(Label::Total);
    }
    if WORDS.contains(&&*folded) {
        return Some(Label::Word);
    }
    let is_longer = STARTS.iter().any(|start| folded.starts_with(start));
    is_longer.then_some(Label::Longer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_known_however_they_are_written() {
        for (text, label) in [
            ("T O T A L :", Some(Label::Total)),
            ("S/Total", Some(Label::Total)),
            ("À reporter", Some(Label::Total)),
            ("Récapitulatif", Some(Label::Total)),
            ("∑", Some(Label::Total)),
            ("TTL", Some(Label::Total)),
            ("Solde", Some(Label::Word)),
            ("Report", Some(Label::Word)),
            ("Total du 01/10/2026", Some(Label::Longer)),
            ("Page 1/3", Some(Label::Longer)),
            ("Imprimé le 05/10/2026 par Awa", Some(Label::Longer)),
            ("Nombre d'articles : 2", Some(Label::Longer)),
            ("TOTAL-5W30", Some(Label::Longer)),
            ("Solde chemise", None),
            ("RIZ-5", None),
            ("", None),
        ] {
            assert_eq!(read_label(text), label, "{text}");
        }
    }
}
