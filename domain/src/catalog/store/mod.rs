//! Every query of the area, by noun. References and products are listed by id, oldest first; facts
//! by day and id, latest first. Store functions fail with `Error::Database` when a statement fails.

pub(super) mod batches;
pub(super) mod ledger;
pub(super) mod levels;
mod lines;
pub(super) mod movements;
pub(super) mod netting;
pub(super) mod plan;
pub(super) mod product_columns;
pub(super) mod products;
pub(super) mod references;
mod returned_units;
mod sale_columns;
pub(super) mod sale_list;
pub(super) mod sales;

use super::batch::BatchId;
use crate::{Error, Result};

/// The facts of a call in the order of the request. `created` of them are new, the others are
/// deduplicated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded<T> {
    pub items: Vec<T>,
    pub created: u64,
    /// By which they can be taken back, where they are several.
    pub batch: Option<BatchId>,
}

/// Fails with `Conflict(version_mismatch)` if one of the `named` versions is not the current one. A
/// change that names no version is made to any.
fn check_version(current: i32, named: [Option<i32>; 2]) -> Result<()> {
    if named
        .into_iter()
        .flatten()
        .any(|version| version != current)
    {
        return Err(Error::conflict(
            "version_mismatch",
            "changed since it was read; read it again",
        ));
    }
    Ok(())
}
