//! From the bytes of a file to records of text.

pub(in crate::catalog::import) mod csv;
pub(in crate::catalog::import) mod delimiter;
pub(in crate::catalog::import) mod encoding;
pub(in crate::catalog::import) mod record;
pub(in crate::catalog::import) mod table;
pub(in crate::catalog::import) mod xlsx;

#[cfg(test)]
mod xlsx_tests;
