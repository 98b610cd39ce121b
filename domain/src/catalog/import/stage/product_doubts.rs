//! What somebody should look at in how a file names its products: a new code that looks like
//! another one, and a code that a file of products names more than once. Of the rows of one code
//! the last counts, so an earlier one with other values is lost.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::first_names::code_fingerprint;
use super::known_products::KnownProducts;
use super::staging_plan::StagingPlan;
use crate::catalog::import::field::Field;
use crate::catalog::import::lifecycle::WarningCode;
use crate::catalog::import::rows::{ProductLine, RowKeys, RowWarning};

/// Further codes aren't compared: bounds the memory of an import.
const MAX_CODES: usize = 1 << 20;

/// The products that a file has named so far.
#[derive(Default)]
pub(super) struct ProductDoubts {
    /// The codes that the file adds to the catalog.
    new_products: KnownProducts,
    /// Of a file of products, by code.
    last_rows: HashMap<u64, LastRow>,
}

/// The last row of a code.
struct LastRow {
    line: u64,
    /// Fingerprint.
    values: u64,
}

impl ProductDoubts {
    /// Compares a code that the file names for the first time. Returns the warning that it looks
    /// like another one.
    #[cold]
    pub(super) fn compare_look(
        &mut self,
        staging: &StagingPlan,
        keys: &RowKeys,
        sku: &str,
    ) -> Option<RowWarning> {
        let key = &keys.sku;
        let is_known = staging.has_product(key) || self.new_products.contains(key);
        if is_known || self.new_products.is_full() {
            return None;
        }
        let known = staging.known_products.find_look(key);
        let other = known.or_else(|| self.new_products.find_look(key));
        let warning = other.map(|other| RowWarning {
            other: Some(other.into()),
            ..RowWarning::new(Field::Sku, WarningCode::LookAlikeCodes)
        });
        self.new_products.insert(keys.find_code(sku), key);
        warning
    }

    /// Records a row of products. Returns the warning that it replaces another one with other
    /// values.
    pub(super) fn record_row(
        &mut self,
        sku_key: &str,
        line: &ProductLine<'_>,
    ) -> Option<RowWarning> {
        let mut hasher = DefaultHasher::new();
        line.values.hash(&mut hasher);
        let row = LastRow {
            line: line.line,
            values: hasher.finish(),
        };
        let code = code_fingerprint(sku_key);
        if self.last_rows.len() == MAX_CODES && !self.last_rows.contains_key(&code) {
            return None;
        }
        let values = row.values;
        let earlier = self.last_rows.insert(code, row)?;
        (earlier.values != values).then(|| RowWarning {
            other: Some(earlier.line.to_string().into()),
            ..RowWarning::new(Field::Sku, WarningCode::RepeatedProducts)
        })
    }
}
