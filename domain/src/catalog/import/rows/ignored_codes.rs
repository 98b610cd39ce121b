//! Codes that aren't products: postage, fees, samples.

use std::collections::HashSet;

use crate::catalog::code_key::compute_key;

/// The keys of `options.ignore_codes`.
pub(super) struct IgnoredCodes {
    exact: HashSet<String>,
    prefixes: Vec<String>,
}

impl IgnoredCodes {
    /// A code with a trailing `*` stands for every code with that start.
    pub(super) fn new(codes: &[String]) -> Self {
        let (prefixes, exact): (Vec<_>, Vec<_>) = codes
            .iter()
            .map(|code| compute_key(code))
            .partition(|code| code.ends_with('*'));
        Self {
            exact: exact.into_iter().collect(),
            prefixes: prefixes
                .into_iter()
                .map(|prefix| prefix.trim_end_matches('*').to_owned())
                .collect(),
        }
    }

    #[inline]
    pub(super) fn contains(&self, sku_key: &str) -> bool {
        (!self.exact.is_empty() && self.exact.contains(sku_key))
            || self
                .prefixes
                .iter()
                .any(|prefix| sku_key.starts_with(prefix))
    }
}
