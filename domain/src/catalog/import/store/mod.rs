//! The SQL of imports. Staging has no row-level security (COPY can't write under it), so every function that
//! reaches it is keyed by an import that was read under it.

pub(super) mod imports;
pub(super) mod merge_counts;
pub(super) mod merge_products;
pub(super) mod merge_sales;
pub(super) mod numbering;
pub(super) mod row_errors;
pub(super) mod staging;
pub(super) mod touched_products;
pub(super) mod transitions;
