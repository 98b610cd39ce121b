//! The status of a sale line as files write it.

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
        | "done" | "shipped" => Ok(Some(SaleStatus::Delivered)),
        "pending" | "enattente" | "encours" | "open" | "processing" => {
            Ok(Some(SaleStatus::Pending))
        }
        "cancelled" | "canceled" | "annule" | "annulee" => Ok(Some(SaleStatus::Cancelled)),
        _ => {
            let reason = "isn't delivered, pending or cancelled";
            Err(RowError::new(Field::Status, "unknown_status", reason))
        }
    }
}
