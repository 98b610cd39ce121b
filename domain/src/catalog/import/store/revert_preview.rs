//! What taking an import back would do, and which later imports stand in its way.

use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::revert::RevertibleImport;
use super::revert_references::count_references;
use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::import::revert::{LaterImport, RevertEffect};

/// Later imports that are named.
const MAX_NAMED: i64 = 20;

/// Returns what taking the import back would do.
pub async fn preview_revert(
    conn: &mut PgConnection,
    company: CompanyId,
    import: RevertibleImport,
) -> Result<RevertEffect> {
    let found = sqlx::query!(
        r#"select
             (select count(*) from sales s
              where s.company_id = $1 and s.id >= $3 and s.id < $4 and s.import_id = $2
                and not exists (
                  select from import_changes c
                  where c.company_id = $1 and c.import_id = $2 and c.row_id = s.id))
               as "sales_deleted!",
             (select count(*) from import_changes
              where company_id = $1 and import_id = $2 and previous ? 'sold_at')
               as "sales_restored!",
             (select count(*) from stock_movements m
              where m.company_id = $1 and m.id >= $3 and m.id < $4 and m.import_id = $2)
               as "counts_deleted!",
             (select count(*) from import_changes c
              join products p on p.company_id = $1 and p.id = c.row_id
                and p.version = (c.previous ->> 'version')::integer + 1
              where c.company_id = $1 and c.import_id = $2 and not c.previous ? 'sold_at')
               as "products_restored!",
             (select count(*) from products p
              where p.company_id = $1 and p.import_id = $2 and p.version = 1)
               as "products_deleted!",
             (select count(distinct r.id)
              from sales s
              cross join lateral (
                select r.id from sales r
                where r.company_id = $1 and r.customer_id = s.customer_id
                  and r.product_id = s.product_id and r.size = s.size and r.sold_at >= s.sold_at
                  and r.kind in ('return', 'cancellation') and r.netted_quantity <> 0
                  and r.import_id is distinct from $2
                offset 0
              ) r
              where s.company_id = $1 and s.id >= $3 and s.id < $4 and s.import_id = $2
                and s.kind = 'sale' and s.netted_quantity <> 0)
               as "returns!""#,
        company.0,
        import.id.0,
        import.ids.first,
        import.ids.last,
    )
    .fetch_one(&mut *conn)
    .await?;
    let references = count_references(&mut *conn, company, import.id).await?;
    Ok(RevertEffect {
        sales_deleted: found.sales_deleted,
        sales_restored: found.sales_restored,
        counts_deleted: found.counts_deleted,
        products_restored: found.products_restored,
        products_deleted: found.products_deleted,
        customers_created: references.customers,
        categories_created: references.categories,
        suppliers_created: references.suppliers,
        sites_created: references.sites,
        returns: found.returns,
        obstacles: list_obstacles(&mut *conn, company, import).await?,
        confirmed_by: list_confirmations(conn, company, import).await?,
    })
}

/// Returns the later imports that changed sale lines which this one had written.
pub(super) async fn list_obstacles(
    conn: &mut PgConnection,
    company: CompanyId,
    import: RevertibleImport,
) -> Result<Vec<LaterImport>> {
    let later = sqlx::query_as!(
        LaterImport,
        r#"select i.id as "id: ImportId", i.file_name, count(*) as "rows!"
           from import_changes c join imports i on i.company_id = $1 and i.id = c.import_id
           where c.company_id = $1 and c.previous ->> 'import_id' = $2::uuid::text
             and c.import_id <> $2 and c.previous ? 'sold_at'
           group by i.id order by i.created_at desc limit $3"#,
        company.0,
        import.id.0,
        MAX_NAMED,
    )
    .fetch_all(conn)
    .await?;
    Ok(later)
}

async fn list_confirmations(
    conn: &mut PgConnection,
    company: CompanyId,
    import: RevertibleImport,
) -> Result<Vec<LaterImport>> {
    let later = sqlx::query_as!(
        LaterImport,
        r#"select i.id as "id: ImportId", i.file_name, i.rows_unchanged as "rows!"
           from imports i
           join imports this on this.company_id = $1 and this.id = $2
           where i.company_id = $1 and i.kind = this.kind and i.created_at > this.created_at
             and i.state = 'succeeded' and i.rows_unchanged > 0
           order by i.created_at desc limit $3"#,
        company.0,
        import.id.0,
        MAX_NAMED,
    )
    .fetch_all(conn)
    .await?;
    Ok(later)
}
