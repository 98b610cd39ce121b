//! The limits of a company's plan: staged rows are counted against them before any is merged.

use chrono::{DateTime, NaiveDate, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::merge::{Turn, take_admission_turn};
use crate::Result;
use crate::billing::Limits;
use crate::catalog::import::file_error::FileError;
use crate::catalog::import::kind::Kind;
use crate::catalog::import::lifecycle::ImportId;
use crate::catalog::import::plan_limit::{Admission, PlanDemand};
use crate::catalog::store::plan::{join_by_hash, joins_as_usual};

/// Admits the staged rows of an import, once, and records what they may add. Imports of one company
/// are admitted one after the other, so that none counts on what another needs.
pub async fn admit_rows(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    limits: &Limits,
    now: DateTime<Utc>,
) -> Result<Admission> {
    let own = sqlx::query!(
        r#"select kind as "kind: Kind", admitted_at is not null as "is_admitted!", staged_rows
           from imports where company_id = $1 and id = $2"#,
        company.0,
        import.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    if own.is_admitted {
        return Ok(Admission::Admitted);
    }
    // What takes long comes before the turn: the products that the file creates.
    let products_added = match limits.products {
        Some(_) => count_new_products(&mut *conn, company, import).await?,
        None => 0,
    };
    if take_admission_turn(&mut *conn, company).await? == Turn::Busy {
        return Ok(Admission::Waits);
    }
    let used = load_plan_use(&mut *conn, company, import, now).await?;
    let mut demand = PlanDemand {
        products_added,
        products_held: used.products_held,
        products_pending: used.products_pending,
        rows_used: used.rows_used,
        rows_pending: used.rows_pending,
        rows_added: own.staged_rows,
        next_month: used.next_month,
    };
    let mut admission = demand.admit(limits);
    if !matches!(admission, Admission::Admitted) {
        demand.rows_added = count_new_rows(&mut *conn, company, import, own.kind).await?;
        admission = demand.admit(limits);
    }
    if let Admission::Admitted = admission {
        record_admission(conn, company, import, &demand, now).await?;
    }
    Ok(admission)
}

/// Returns why the limits of the plan would reject an import that creates `products_added`
/// products, and why they would reject its `rows` if none of them is known.
pub async fn foresee_admission(
    conn: &mut PgConnection,
    company: CompanyId,
    limits: &Limits,
    (products_added, rows): (u64, u64),
    now: DateTime<Utc>,
) -> Result<[Option<FileError>; 2]> {
    let used = load_plan_use(conn, company, ImportId(Uuid::nil()), now).await?;
    let demand = PlanDemand {
        products_added: products_added.cast_signed(),
        products_held: used.products_held,
        rows_used: used.rows_used,
        next_month: used.next_month,
        ..PlanDemand::default()
    };
    let with_rows = PlanDemand {
        rows_added: rows.cast_signed(),
        ..demand
    };
    let products = demand.find_excess(limits);
    let rows = with_rows.find_excess(limits).filter(|_| products.is_none());
    Ok([products, rows])
}

async fn record_admission(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    demand: &PlanDemand,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update imports
         set admitted_at = $3, admitted_rows = $4, pending_products = $5
         where company_id = $1 and id = $2",
        company.0,
        import.0,
        now,
        demand.rows_added,
        demand.products_added,
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct PlanUse {
    products_held: i64,
    products_pending: i64,
    rows_used: i64,
    rows_pending: i64,
    next_month: NaiveDate,
}

/// Counts what the company has used of its plan: its products, and the rows that other imports
/// admitted in this month of its zone have added. What was taken back costs nothing.
async fn load_plan_use(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    now: DateTime<Utc>,
) -> Result<PlanUse> {
    let found = sqlx::query_as!(
        PlanUse,
        r#"with month as (
             select c.timezone,
               date_trunc('month', $3::timestamptz at time zone c.timezone) as start
             from companies c where c.id = $1
           ), others as (
             select i.rows_imported,
               case when i.finished_at is null then i.admitted_rows else 0 end as rows_admitted
             from imports i, month m
             where i.company_id = $1 and i.id <> $2 and i.state <> 'reverted'
               and i.admitted_at >= m.start at time zone m.timezone
           )
           select (m.start + interval '1 month')::date as "next_month!",
             (select count(*) from products
              where company_id = $1 and archived_at is null) as "products_held!",
             (select coalesce(sum(pending_products), 0)::bigint from imports
              where company_id = $1 and id <> $2 and state = 'loading') as "products_pending!",
             (select coalesce(sum(rows_imported), 0)::bigint from others) as "rows_used!",
             (select coalesce(sum(greatest(rows_admitted - rows_imported, 0)), 0)::bigint
              from others) as "rows_pending!"
           from month m"#,
        company.0,
        import.0,
        now,
    )
    .fetch_one(conn)
    .await?;
    Ok(found)
}

/// Counts the products whose codes are staged and that the company lacks.
async fn count_new_products(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
) -> Result<i64> {
    join_by_hash(&mut *conn).await?;
    let added = sqlx::query_scalar!(
        r#"select count(*) as "count!" from (
             select sku_key from staging.sale_lines where import_id = $2 and sku is not null
             union select sku_key from staging.count_lines
             where import_id = $2 and sku is not null
             union select sku_key from staging.product_lines where import_id = $2
           ) l
           where not exists (
             select from products p where p.company_id = $1 and p.sku_key = l.sku_key)"#,
        company.0,
        import.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    joins_as_usual(conn).await?;
    Ok(added)
}

/// Counts the staged rows that the company lacks. Each is looked up: a hash join would read its
/// history.
async fn count_new_rows(
    conn: &mut PgConnection,
    company: CompanyId,
    import: ImportId,
    kind: Kind,
) -> Result<i64> {
    let added = match kind {
        Kind::Sales => sqlx::query_scalar!(
            r#"select count(*) as "count!" from staging.sale_lines l
               where l.import_id = $2 and l.line > 0 and not exists (
                 select from sales s
                 where s.company_id = $1 and s.import_key = l.key offset 0)"#,
            company.0,
            import.0,
        )
        .fetch_one(conn),
        Kind::StockCounts => sqlx::query_scalar!(
            r#"select count(*) as "count!" from staging.count_lines l
               where l.import_id = $2 and l.line > 0 and not exists (
                 select from stock_movements m
                 where m.company_id = $1 and m.key = l.key offset 0)"#,
            company.0,
            import.0,
        )
        .fetch_one(conn),
        Kind::Products => sqlx::query_scalar!(
            r#"select count(*) as "count!" from staging.product_lines l
               where l.import_id = $2 and not exists (
                 select from products p
                 where p.company_id = $1 and p.sku_key = l.sku_key offset 0)"#,
            company.0,
            import.0,
        )
        .fetch_one(conn),
    };
    Ok(added.await?)
}
