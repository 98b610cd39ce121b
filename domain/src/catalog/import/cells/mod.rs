//! From the text of a cell to a value.

pub(in crate::catalog::import) mod date;
pub(in crate::catalog::import) mod money;
pub(in crate::catalog::import) mod number;
pub(in crate::catalog::import) mod zone;
