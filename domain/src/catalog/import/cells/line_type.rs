//! What a line of sales does, as files name it.

use super::text::fold_text;

/// What a line does by its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineType {
    Sale,
    Return,
}

impl LineType {
    /// Returns `None` for a word that is neither a sale nor a return.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match fold_text(text).as_str() {
            "sale" | "sales" | "vente" | "ventes" | "facture" | "invoice" | "ticket"
            | "receipt" => Some(Self::Sale),
            "refund" | "refunded" | "return" | "returns" | "returned" | "retour" | "retours"
            | "retourclient" | "avoir" | "avoirs" | "factureavoir" | "facturedavoir"
            | "remboursement" | "rembourse" | "creditnote" | "notedecredit" => Some(Self::Return),
            _ => None,
        }
    }
}
