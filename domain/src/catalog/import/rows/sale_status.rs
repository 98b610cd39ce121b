//! The status and the type of a sale line as files write them.

use super::row_error::RowError;
use crate::catalog::SaleStatus;
use crate::catalog::import::cells::{LineType, fold_text};
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

/// Returns `None` for an empty cell.
pub(super) fn parse_type(text: &str) -> Result<Option<LineType>, RowError> {
    if text.is_empty() {
        return Ok(None);
    }
    match LineType::parse(text) {
        None => Err(RowError::new(Field::Type, "unknown_type")),
        known => Ok(known),
    }
}
