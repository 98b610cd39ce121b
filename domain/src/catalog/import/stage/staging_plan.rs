//! What decides about the rows of a file, and what is known of them at its end.

use std::collections::HashSet;

use platform::ids::Uuid;

use super::known_products::KnownProducts;
use crate::Text;
use crate::catalog::import::context::Context;
use crate::catalog::import::detect::Plan;
use crate::catalog::import::field::Field;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::lifecycle::Warning;
use crate::catalog::import::options::{Mode, Options, SameDay, UnknownProducts, UnknownSites};
use crate::catalog::import::rows::{RowError, RowTotals, UsualQuantities};

/// Everything that decides about the rows of a file.
#[derive(Debug)]
pub struct StagingPlan {
    pub import_id: Uuid,
    pub kind: Kind,
    pub options: Options,
    pub plan: Plan,
    pub context: Context,
    pub file_bytes: u64,
    pub known_products: KnownProducts,
    /// Keys of the names of the sites.
    pub site_keys: HashSet<String>,
    /// Of the products of a sales file.
    pub usual_quantities: UsualQuantities,
    /// The last line that is staged already: lines up to it are read again, but not sent again.
    pub staged_through: u64,
}

impl StagingPlan {
    /// Whether the catalog has the product of this key.
    pub(super) fn has_product(&self, key: &str) -> bool {
        self.known_products.contains(key)
    }

    /// Whether the company has the site of this key; of no site, it needs none.
    pub(super) fn has_site(&self, key: &str) -> bool {
        key.is_empty() || self.site_keys.contains(key)
    }

    pub(super) fn require_site(&self, key: &str) -> Result<(), RowError> {
        let rejects = self.options.unknown_sites == UnknownSites::Reject;
        if rejects && !self.has_site(key) {
            return Err(RowError::new(Field::Site, "unknown_site"));
        }
        Ok(())
    }

    pub(super) fn require_product(&self, key: &str) -> Result<(), RowError> {
        let rejects = self.options.unknown_products == UnknownProducts::Reject;
        if rejects && !key.is_empty() && !self.has_product(key) {
            return Err(RowError::new(Field::Sku, "unknown_product"));
        }
        Ok(())
    }
}

/// What is known once the whole file has been read.
#[derive(Debug, Clone)]
pub struct StagedFile {
    pub totals: RowTotals,
    pub encoding: Option<&'static str>,
    pub warnings: Vec<Warning>,
}

impl StagedFile {
    /// Returns why the file as a whole is rejected for the errors of its rows, if it is.
    pub fn find_rejection(&self, options: &Options) -> Option<FileError> {
        let rejected = self.totals.rejected;
        // The sale of a rejected row would be cancelled.
        if rejected > 0 && options.same_day == Some(SameDay::Replace) {
            let reason = Text::new("days_not_whole").with_number("rows", rejected);
            return Some(FileError::worded("rows_rejected", reason));
        }
        if rejected > 0 && options.mode == Mode::AllOrNothing {
            let reason = Text::new("rows_rejected").with_number("rows", rejected);
            return Some(FileError::worded("rows_rejected", reason));
        }
        (rejected > 0 && self.totals.accepted == 0).then(|| {
            let reason = Text::new("all_rows_rejected").with_number("rows", rejected);
            FileError::worded("no_valid_rows", reason)
        })
    }
}
