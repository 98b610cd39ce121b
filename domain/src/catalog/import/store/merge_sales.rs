//! The third pass for sales: set-based, one range of lines at a time.

use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::transitions::Merged;
use crate::Result;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::import::options::StockEffect;
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};
use crate::catalog::{CustomerId, ProductId};

const BATCH: i64 = 10_000;
/// How Postgres calls a lock that didn't come in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Makes a draft of every product that the staged sales or counts name and the catalog lacks.
///
/// # Errors
/// The database's.
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
            r#"select distinct on (upper(btrim(l.sku))) l.sku as "sku!", coalesce(nullif(l.name, ''), l.sku) as "name!"
               from (select sku, name, line from staging.sale_lines where import_id = $2 and name is not null
                 union all select sku, name, line from staging.count_lines where import_id = $2 and name is not null) l
               where not exists (select from products p where p.company_id = $1 and p.sku_key = upper(btrim(l.sku)))
               order by upper(btrim(l.sku)), l.name = '', l.line
               limit $3"#,
            company.0,
            import.0,
            BATCH,
        )
        .fetch_all(&mut *conn)
        .await?;
        if missing.is_empty() {
            joins_as_usual(conn).await?;
            return Ok(created);
        }
        let ids: Vec<Uuid> = missing.iter().map(|_| ProductId::new().0).collect();
        let (skus, names): (Vec<_>, Vec<_>) = missing.into_iter().map(|m| (m.sku, m.name)).unzip();
        created += sqlx::query!(
            "insert into products (company_id, id, sku, name, currency, draft, source, import_id)
             select $1, u.id, u.sku, u.name, $3, true, 'import', $2
             from unnest($4::uuid[], $5::text[], $6::text[]) as u (id, sku, name)
             on conflict (company_id, sku_key) do nothing",
            company.0,
            import.0,
            currency,
            &ids,
            &skus,
            &names,
        )
        .execute(&mut *conn)
        .await?
        .rows_affected();
    }
}

/// Makes every customer that the staged sales name and the company lacks.
///
/// # Errors
/// The database's.
pub async fn create_missing_customers(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<u64> {
    join_by_hash(&mut *conn).await?;
    let mut created = 0;
    loop {
        let missing = sqlx::query!(
            r#"select distinct on (l.customer) l.customer as "reference!", nullif(l.customer_name, '') as name, l.country
               from staging.sale_lines l
               where l.import_id = $2 and l.customer_name is not null
                 and not exists (select from customers c where c.company_id = $1 and c.external_ref = l.customer)
               order by l.customer, l.customer_name = '', l.line
               limit $3"#,
            company.0,
            import.0,
            BATCH,
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
            "insert into customers (company_id, id, external_ref, name, country, source, import_id)
             select $1, u.id, u.reference, u.name, u.country, 'import', $2
             from unnest($3::uuid[], $4::text[], $5::text[], $6::text[]) as u (id, reference, name, country)
             on conflict (company_id, external_ref) do nothing",
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

/// Brings the lines after `after` up to `through` into the sales: new keys are inserted, known ones updated
/// where anything differs.
///
/// # Errors
/// The database's.
pub async fn merge_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    stock: StockEffect,
    (after, through): (i64, i64),
) -> Result<Merged> {
    join_by_hash(&mut *conn).await?;
    let staged = sqlx::query_scalar!(
        r#"select count(*) as "count!" from staging.sale_lines where import_id = $1 and line > $2 and line <= $3"#,
        import.0,
        after,
        through,
    )
    .fetch_one(&mut *conn)
    .await?;
    let imported = sqlx::query!(
        "insert into sales (company_id, id, sold_at, created_at, day, product_id, import_key, import_id, customer_id,
           site_id, quantity, unit_price, amount, currency, kind, status, source, stock_rule, document, external_id)
         select $1, l.id, l.sold_at, (select engine_now()), l.day, p.id, l.key, $2, c.id, t.id, l.quantity, l.unit_price,
           l.amount, l.currency, l.kind, coalesce(l.status, 'delivered'), 'import', $5, l.document, l.external_id
         from staging.sale_lines l
         join products p on p.company_id = $1 and p.sku_key = upper(btrim(l.sku))
         left join customers c on c.company_id = $1 and c.external_ref = l.customer
         left join sites t on t.company_id = $1 and t.name_key = upper(btrim(l.site))
         where l.import_id = $2 and l.line > $3 and l.line <= $4
         on conflict (company_id, import_key) do nothing",
        company.0,
        import.0,
        after,
        through,
        stock.as_rule(),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    let imported = i64::try_from(imported).unwrap_or(i64::MAX);
    if imported == staged {
        joins_as_usual(conn).await?;
        return Ok(Merged {
            imported,
            ..Merged::default()
        });
    }
    let updated = update_sales(&mut *conn, company, import, (after, through)).await?;
    let known = sqlx::query_scalar!(
        r#"select count(*) as "count!" from staging.sale_lines l
           where l.import_id = $2 and l.line > $3 and l.line <= $4
             and (select s.id from sales s where s.company_id = $1 and s.import_key = l.key) is not null"#,
        company.0,
        import.0,
        after,
        through,
    )
    .fetch_one(&mut *conn)
    .await?;
    joins_as_usual(conn).await?;
    if known != staged {
        let lost = staged - known;
        return Err(sqlx::Error::Protocol(format!("{lost} staged rows found no product")).into());
    }
    Ok(Merged {
        imported,
        updated,
        unchanged: staged - imported - updated,
    })
}

/// A status that a file doesn't give stays as it is. What a line was is kept beside it; its netting is
/// reckoned anew.
async fn update_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    (after, through): (i64, i64),
) -> Result<i64> {
    let updated = sqlx::query_scalar!(
        r#"with differing as (
             select s.id, p.id as product_id, c.id as customer_id, t.id as site_id, l.quantity, l.unit_price, l.amount,
               l.currency, l.sold_at, l.day, l.kind, coalesce(l.status, s.status) as status, l.document,
               jsonb_build_object('product_id', s.product_id, 'customer_id', s.customer_id, 'site_id', s.site_id,
                 'quantity', s.quantity, 'unit_price', s.unit_price, 'amount', s.amount, 'currency', s.currency,
                 'sold_at', s.sold_at, 'day', s.day, 'kind', s.kind, 'status', s.status, 'document', s.document,
                 'import_id', s.import_id) as previous
             from staging.sale_lines l
             cross join lateral (
               select * from sales k where k.company_id = $1 and k.import_key = l.key offset 0
             ) s
             join products p on p.company_id = $1 and p.sku_key = upper(btrim(l.sku))
             left join customers c on c.company_id = $1 and c.external_ref = l.customer
             left join sites t on t.company_id = $1 and t.name_key = upper(btrim(l.site))
             where l.import_id = $2 and l.line > $3 and l.line <= $4 and not l.fresh
               and (s.product_id, s.customer_id, s.site_id, s.quantity, s.unit_price, s.amount, s.currency, s.sold_at,
                    s.day, s.kind, s.status, s.document)
                 is distinct from (p.id, c.id, t.id, l.quantity, l.unit_price, l.amount, l.currency, l.sold_at,
                    l.day, l.kind, coalesce(l.status, s.status), l.document)
           ), kept as (
             insert into import_changes (company_id, import_id, row_id, previous)
             select $1, $2, id, previous from differing
             on conflict (company_id, import_id, row_id) do nothing
           ), changed as (
             -- An update, row by row whatever the statistics say: each of these rows is there.
             insert into sales as s (company_id, id, product_id, customer_id, site_id, quantity, unit_price, amount,
               currency, sold_at, created_at, day, kind, status, document, import_id)
             select $1, id, product_id, customer_id, site_id, quantity, unit_price, amount, currency, sold_at, sold_at,
               day, kind, status, document, $2
             from differing
             on conflict (company_id, id) do update set product_id = excluded.product_id,
               customer_id = excluded.customer_id, site_id = excluded.site_id, quantity = excluded.quantity,
               unit_price = excluded.unit_price, amount = excluded.amount, currency = excluded.currency,
               sold_at = excluded.sold_at, day = excluded.day, kind = excluded.kind, status = excluded.status,
               document = excluded.document, netted_quantity = 0, import_id = excluded.import_id
             returning 1
           )
           select count(*) as "count!" from changed"#,
        company.0,
        import.0,
        after,
        through,
    )
    .fetch_one(conn)
    .await?;
    Ok(updated)
}

/// One merge of a company at a time from here to the end of the transaction: netting must see all of the other.
/// `false` where another took longer than a wait may: nothing more can be done in this transaction.
///
/// # Errors
/// The database's.
pub async fn take_turn(conn: &mut PgConnection, company: CompanyId) -> Result<bool> {
    let turn = sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('import ' || $1::text, 0))",
        company.0.to_string()
    )
    .execute(conn)
    .await;
    match turn {
        Err(sqlx::Error::Database(cause))
            if cause.code().as_deref() == Some(LOCK_NOT_AVAILABLE) =>
        {
            Ok(false)
        }
        other => Ok(other.map(|_| true)?),
    }
}
