//! How a file is written.

pub(in crate::catalog::import) mod columns;
pub(in crate::catalog::import) mod decimal_mark;
pub(in crate::catalog::import) mod detection;
