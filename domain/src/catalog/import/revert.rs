//! What taking an import back would do.

use serde::Serialize;

use super::lifecycle::ImportId;

/// The code of the conflict with an import that can't be taken back.
pub(super) const NOT_REVERTIBLE: &str = "import_not_revertible";

/// What an import has written and changed, and what prevents that it is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RevertEffect {
    /// Sale lines that the import added, and which go.
    pub sales_deleted: i64,
    /// Sale lines that the import changed, and which become what they were.
    pub sales_restored: i64,
    /// Counts that the import added, and which go.
    pub counts_deleted: i64,
    /// Products that the import changed, and which become what they were. One that was changed
    /// again meanwhile stays as it is.
    pub products_restored: i64,
    /// Products that the import created, and which go. One that anything else uses stays.
    pub products_deleted: i64,
    /// Customers, categories, suppliers and sites that the import created and nobody has changed:
    /// archived unless anything else uses them.
    pub customers_created: i64,
    pub categories_created: i64,
    pub suppliers_created: i64,
    pub sites_created: i64,
    /// Returns that another file or call recorded, and that may undo sales of the import: where one
    /// would lose its sale, the import stays.
    pub returns: i64,
    /// Later imports on whose changes of the same lines stand. They have to be taken back first.
    pub obstacles: Vec<LaterImport>,
    /// Later imports of the same kind that found lines unchanged. Lines that are in both files go:
    /// send these files again afterwards.
    pub confirmed_by: Vec<LaterImport>,
}

/// An import after the one that is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaterImport {
    pub id: ImportId,
    pub file_name: String,
    /// Rows that it changed, or that it found unchanged.
    pub rows: i64,
}
