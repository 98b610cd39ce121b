//! The three kinds of references, over the functions of `domain::catalog`.

use chrono::{DateTime, Utc};
use domain::Result;
use domain::catalog::{
    self, Category, CategoryChanges, CategoryId, NewCategory, NewSite, NewSupplier, Site,
    SiteChanges, SiteId, Supplier, SupplierChanges, SupplierId,
};
use platform::ids::{CompanyId, Uuid};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;

/// A category, a supplier or a site.
pub(super) trait Reference: Serialize + Send + Sized + 'static {
    type Id: Copy + Serialize + DeserializeOwned + From<Uuid> + Send + 'static;
    type New: DeserializeOwned + Send + 'static;
    type Changes: DeserializeOwned + Send + 'static;

    /// Names one reference in the audit log: `category`.
    const NOUN: &'static str;
    /// Names the references in the URL: `categories`.
    const PLURAL: &'static str;

    fn id(&self) -> Self::Id;
    fn uuid(&self) -> Uuid;
    fn version(&self) -> i32;
    fn is_archived(&self) -> bool;
    /// The changes that archive a reference.
    fn archiving() -> Self::Changes;

    async fn create(
        conn: &mut PgConnection,
        company: CompanyId,
        new: Self::New,
        now: DateTime<Utc>,
    ) -> Result<Self>;
    async fn list(
        conn: &mut PgConnection,
        company: CompanyId,
        after: Option<Self::Id>,
        limit: i64,
    ) -> Result<Vec<Self>>;
    async fn require(conn: &mut PgConnection, company: CompanyId, id: Self::Id) -> Result<Self>;
    async fn update(
        conn: &mut PgConnection,
        company: CompanyId,
        id: Self::Id,
        changes: Self::Changes,
        version: Option<i32>,
        now: DateTime<Utc>,
    ) -> Result<Self>;
}

macro_rules! impl_reference {
    ($reference:ident, $id:ident, $new:ident, $changes:ident, $noun:literal, $plural:literal,
     $create:ident, $list:ident, $find:ident, $update:ident) => {
        impl Reference for $reference {
            type Id = $id;
            type New = $new;
            type Changes = $changes;

            const NOUN: &'static str = $noun;
            const PLURAL: &'static str = $plural;

            fn id(&self) -> $id {
                self.id
            }

            fn uuid(&self) -> Uuid {
                self.id.0
            }

            fn version(&self) -> i32 {
                self.version
            }

            fn is_archived(&self) -> bool {
                self.archived_at.is_some()
            }

            fn archiving() -> $changes {
                $changes {
                    archived: Some(true),
                    ..$changes::default()
                }
            }

            async fn create(
                conn: &mut PgConnection,
                company: CompanyId,
                new: $new,
                now: DateTime<Utc>,
            ) -> Result<Self> {
                catalog::$create(conn, company, new, now).await
            }

            async fn list(
                conn: &mut PgConnection,
                company: CompanyId,
                after: Option<$id>,
                limit: i64,
            ) -> Result<Vec<Self>> {
                catalog::$list(conn, company, after, limit).await
            }

            async fn require(conn: &mut PgConnection, company: CompanyId, id: $id) -> Result<Self> {
                catalog::$find(conn, company, id).await
            }

            async fn update(
                conn: &mut PgConnection,
                company: CompanyId,
                id: $id,
                changes: $changes,
                version: Option<i32>,
                now: DateTime<Utc>,
            ) -> Result<Self> {
                catalog::$update(conn, company, id, changes, version, now).await
            }
        }
    };
}

impl_reference!(
    Category,
    CategoryId,
    NewCategory,
    CategoryChanges,
    "category",
    "categories",
    create_category,
    list_categories,
    find_category,
    update_category
);
impl_reference!(
    Supplier,
    SupplierId,
    NewSupplier,
    SupplierChanges,
    "supplier",
    "suppliers",
    create_supplier,
    list_suppliers,
    find_supplier,
    update_supplier
);
impl_reference!(
    Site,
    SiteId,
    NewSite,
    SiteChanges,
    "site",
    "sites",
    create_site,
    list_sites,
    find_site,
    update_site
);
