//! From rows to the staging tables, encoded for COPY.

pub(in crate::catalog::import) mod chunk;
pub(in crate::catalog::import) mod staging;
pub(in crate::catalog::import) mod tuples;
