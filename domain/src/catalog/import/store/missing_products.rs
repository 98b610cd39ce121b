//! The products and customers that a file of facts names and the company lacks.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};
use crate::catalog::{CustomerId, ProductId};

/// Rows of one insert.
const BATCH_ROWS: i64 = 10_000;

/// Creates a draft of every missing product of the staged sales or counts; returns their number.
pub async fn create_missing_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    currency: &str,
) -> Result<u64> {
    join_by_hash(&mut *conn).await?;
    let mut created = 0;
    loop {
        let missing = sqlx::query!(
            r#"-- named: the rows that carry code and name. A row that isn't merged has a negative line.
               with named as (
                 select sku_key, sku, name, abs(line) as line from staging.sale_lines
                 where import_id = $2 and sku is not null
                 union all select sku_key, sku, name, line from staging.count_lines
                 where import_id = $2 and sku is not null
               )
               select distinct on (l.sku_key) l.sku_key as "key!",
                 first_value(l.sku) over by_line as "sku!", nullif(l.name, '') as name
               from named l
               where not exists (
                 select from products p where p.company_id = $1 and p.sku_key = l.sku_key)
               window by_line as (partition by l.sku_key order by l.line)
               -- A row with a name first, then the first row.
               order by l.sku_key, l.name = '', l.line
               limit $3"#,
            company.0,
            import.0,
            BATCH_ROWS,
        )
        .fetch_all(&mut *conn)
        .await?;
        if missing.is_empty() {
            joins_as_usual(conn).await?;
            return Ok(created);
        }
        let ids: Vec<Uuid> = missing.iter().map(|_| ProductId::new().0).collect();
        let keys: Vec<&str> = missing.iter().map(|m| m.key.as_str()).collect();
        let skus: Vec<&str> = missing.iter().map(|m| m.sku.as_str()).collect();
        let names: Vec<Option<&str>> = missing.iter().map(|m| m.name.as_deref()).collect();
        created += sqlx::query!(
            "insert into products (company_id, id, sku_key, sku, name, currency, draft, source,
               import_id)
             select $1, u.id, u.key, u.sku, coalesce(u.name, u.sku), $3, true, 'import', $2
             from unnest($4::uuid[], $5::text[], $6::text[], $7::text[]) as u (id, key, sku, name)
             on conflict (company_id, sku_key) do nothing",
            company.0,
            import.0,
            currency,
            &ids,
            &keys as _,
            &skus as _,
            &names as _,
        )
        .execute(&mut *conn)
        .await?
        .rows_affected();
    }
}

/// Creates every missing customer of the staged sales, and brings back those that were archived
/// with their import; returns their number.
pub async fn create_missing_customers(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<u64> {
    join_by_hash(&mut *conn).await?;
    let mut created = 0;
    loop {
        let missing = sqlx::query!(
            r#"select distinct on (l.customer)
                 l.customer as "reference!", nullif(l.customer_name, '') as name, l.country
               from staging.sale_lines l
               where l.import_id = $2 and l.customer_name is not null
                 and not exists (
                   select from customers c
                   where c.company_id = $1 and c.external_ref = l.customer
                     and (c.archived_at is null or c.version > 1))
               order by l.customer, l.customer_name = '', l.line
               limit $3"#,
            company.0,
            import.0,
            BATCH_ROWS,
        )
        .fetch_all(&mut *conn)
        .await?;
        if missing.is_empty() {
            joins_as_usual(conn).await?;
            return Ok(created);
        }
        let ids: Vec<Uuid> = missing.iter().map(|_| CustomerId::new().0).collect();
        let references: Vec<&str> = missing.iter().map(|m| m.reference.as_str()).collect();
        let names: Vec<Option<&str>> = missing.iter().map(|m| m.name.as_deref()).collect();
        let countries: Vec<Option<&str>> = missing.iter().map(|m| m.country.as_deref()).collect();
        created += sqlx::query!(
            "insert into customers as c
               (company_id, id, external_ref, name, country, source, import_id)
             select $1, u.id, u.reference, u.name, u.country, 'import', $2
             from unnest($3::uuid[], $4::text[], $5::text[], $6::text[])
               as u (id, reference, name, country)
             on conflict (company_id, external_ref) do update
             set name = excluded.name, country = excluded.country, import_id = $2,
               archived_at = null, updated_at = engine_now()
             where c.archived_at is not null and c.version = 1",
            company.0,
            import.0,
            &ids,
            &references as _,
            &names as _,
            &countries as _,
        )
        .execute(&mut *conn)
        .await?
        .rows_affected();
    }
}
