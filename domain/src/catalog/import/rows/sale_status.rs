//! The status and the type of a sale line as files write them.

use super::row_error::RowError;
use crate::catalog::SaleStatus;
use crate::catalog::import::cells::fold_text;
use crate::catalog::import::field::Field;

/// Returns `None` for an empty cell.
pub(super) fn parse_status(text: &str) -> Result<Option<SaleStatus>, RowError> {
    if text.is_empty() {
        return Ok(None);
    }
    match fold_text(text).as_str() {
        "delivered" | "livre" | "livree" | "completed" | "complete" | "paid" | "paye" | "payee"
        | "done" | "shipped" | "closed" | "cloture" | "cloturee" | "ferme" | "fermee"
        | "termine" | "terminee" => Ok(Some(SaleStatus::Delivered)),
        "pending" | "enattente" | "encours" | "open" | "processing" => {
            Ok(Some(SaleStatus::Pending))
        }
        "cancelled" | "canceled" | "annule" | "annulee" => Ok(Some(SaleStatus::Cancelled)),
        _ => Err(RowError::new(Field::Status, "unknown_status")),
    }
}

/// What a line does by its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineType {
    Sale,
    Return,
}

/// Returns `None` for an empty cell.
pub(super) fn parse_type(text: &str) -> Result<Option<LineType>, RowError> {
    if text.is_empty() {
        return Ok(None);
    }
    match fold_text(text).as_str() {
        "sale" | "vente" | "facture" | "invoice" | "ticket" | "receipt" => Ok(Some(LineType::Sale)),
        "refund" | "return" | "retour" | "avoir" | "remboursement" | "rembourse" | "creditnote" => {
            Ok(Some(LineType::Return))
        }
        _ => Err(RowError::new(Field::Type, "unknown_type")),
    }
}
