//! The customers, categories, suppliers and sites that an import created: archived with it where
//! nothing uses them. None is deleted, so that a sale that names one at the same moment loses
//! nothing. A file that names it later brings it back. What somebody has changed has a higher
//! version and stays.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};

/// What an import created beside products and facts, and nobody has changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct CreatedReferences {
    pub(super) customers: i64,
    pub(super) categories: i64,
    pub(super) suppliers: i64,
    pub(super) sites: i64,
}

impl CreatedReferences {
    pub(super) fn is_empty(self) -> bool {
        self.customers + self.categories + self.suppliers + self.sites == 0
    }
}

pub(super) async fn count_references(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<CreatedReferences> {
    let created = sqlx::query_as!(
        CreatedReferences,
        r#"select
             (select count(*) from customers where company_id = $1 and import_id = $2
                and version = 1 and archived_at is null) as "customers!",
             (select count(*) from categories where company_id = $1 and import_id = $2
                and version = 1 and archived_at is null) as "categories!",
             (select count(*) from suppliers where company_id = $1 and import_id = $2
                and version = 1 and archived_at is null) as "suppliers!",
             (select count(*) from sites where company_id = $1 and import_id = $2
                and version = 1 and archived_at is null) as "sites!""#,
        company.0,
        import.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(created)
}

/// Archives what the import created in a table, but for what the condition on the row `r` excludes.
/// What another import has changed is used: it becomes what it was when that one is taken back.
macro_rules! archive_created {
    ($conn:expr, $company:expr, $import:expr, $table:literal, $column:literal, $unused:literal) => {
        sqlx::query!(
            "update "
                + $table
                + " r
             set archived_at = engine_now(), updated_at = engine_now()
             where r.company_id = $1 and r.import_id = $2 and r.version = 1
               and r.archived_at is null and "
                + $unused
                + " and not exists (
                 select from import_changes c
                 where c.company_id = $1 and c.import_id <> $2
                   and (c.previous ->> '"
                + $column
                + "')::uuid = r.id)",
            $company.0,
            $import.0,
        )
        .execute(&mut *$conn)
        .await?
    };
}

/// Expects products and facts without those of the import. Facts have no index by site; they are
/// read once for all sites, and only where the import created any.
pub(super) async fn archive_unused_references(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<()> {
    join_by_hash(&mut *conn).await?;
    archive_created!(
        conn,
        company,
        import,
        "customers",
        "customer_id",
        // `offset` keeps this from becoming a join with all sales.
        "not exists (
           select from sales s where s.company_id = $1 and s.customer_id = r.id offset 0)"
    );
    archive_created!(
        conn,
        company,
        import,
        "categories",
        "category_id",
        "not exists (
           select from products p where p.company_id = $1 and p.category_id = r.id)
         and not exists (
           select from alert_rules a
           where a.company_id = $1 and a.filter -> 'category_ids' ? r.id::text)"
    );
    archive_created!(
        conn,
        company,
        import,
        "suppliers",
        "supplier_id",
        "not exists (
           select from products p where p.company_id = $1 and p.supplier_id = r.id)
         and not exists (
           select from alert_rules a
           where a.company_id = $1 and a.filter -> 'supplier_ids' ? r.id::text)"
    );
    archive_created!(
        conn,
        company,
        import,
        "sites",
        "site_id",
        "not exists (
           select from stock_movements m where m.company_id = $1 and m.site_id = r.id)
         and not exists (
           select from sales s where s.company_id = $1 and s.site_id = r.id)
         and not exists (
           select from alert_rules a
           where a.company_id = $1 and a.filter ->> 'site_id' = r.id::text)"
    );
    joins_as_usual(conn).await
}
