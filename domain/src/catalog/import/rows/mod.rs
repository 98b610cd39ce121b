//! From a record to a row of one kind, or to the reason why it is rejected.

pub(in crate::catalog::import) mod count;
pub(in crate::catalog::import) mod identity;
pub(in crate::catalog::import) mod occurrence;
pub(in crate::catalog::import) mod outlier;
pub(in crate::catalog::import) mod product;
pub(in crate::catalog::import) mod row_error;
pub(in crate::catalog::import) mod sale;
pub(in crate::catalog::import) mod validate;
