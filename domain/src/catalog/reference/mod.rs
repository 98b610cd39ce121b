//! What products and stock refer to: categories, suppliers and sites. A reference has a name that
//! is unique in its company by its key. It is archived and never deleted.

mod category;
mod site;
mod supplier;
mod table;

use std::fmt::Display;

use chrono::{DateTime, Utc};
use platform::ids::Uuid;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use category::{Category, CategoryChanges, CategoryId, CreateCategory};
pub(super) use site::SiteKind;
pub use site::{CreateSite, Site, SiteChanges, SiteId};
pub use supplier::{CreateSupplier, Supplier, SupplierChanges, SupplierId};
pub(super) use table::ReferenceTable;

use crate::Result;

/// Characters of a reference's name.
const MAX_NAME_CHARS: usize = 200;

/// A [`Category`], [`Supplier`] or [`Site`]. The store's `*_reference` functions take any of them.
pub trait Reference: ReferenceTable + Serialize + 'static {
    type Id: Copy
        + Display
        + Serialize
        + DeserializeOwned
        + From<Uuid>
        + Into<Uuid>
        + Send
        + Sync
        + 'static;
    /// A request for a new reference.
    type New: DeserializeOwned + Send + 'static;
    /// A request to change a reference.
    type Changes: DeserializeOwned + Send + 'static;

    /// Names one reference in errors and in the audit log: `category`.
    const NOUN: &'static str;
    /// Names the references in the URL: `categories`.
    const PLURAL: &'static str;

    fn id(&self) -> Self::Id;
    fn version(&self) -> i32;
    fn is_archived(&self) -> bool;

    /// Returns the reference that `new` describes. Fails with `Invalid` if a field is rejected.
    fn from_new(new: Self::New, now: DateTime<Utc>) -> Result<Self>;

    /// Returns the reference after `changes`; the store increments the version. Fails with
    /// `Invalid` if a field is rejected.
    fn with_changes(self, changes: Self::Changes, now: DateTime<Utc>) -> Result<Self>;

    /// The version that `changes` were made from.
    fn base_version(changes: &Self::Changes) -> Option<i32>;

    /// The changes that archive a reference.
    fn archiving() -> Self::Changes;
}
