//! Sale lines.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::Recorded;
use super::batches::record_batch;
use super::levels::{FactIds, add_to_levels, lock_products, take_from_levels};
use super::lines::{LineReferences, limit_lines, resolve_lines};
use super::netting::net_lines;
use super::returned_units::count_returned_units;
use super::sale_columns::{round_money, select_sales};
use crate::catalog::batch::BatchKind;
use crate::catalog::field_errors::FieldErrors;
use crate::catalog::new_sale::ValidSale;
use crate::catalog::{CreateSale, Sale, SaleId, SaleKind, SaleStatus};
use crate::{Error, Result};

/// Records sale lines and recomputes the levels of their products. All are recorded or none. `zone`
/// is the company's. A line whose `external_id` is known changes nothing; the stored line is
/// returned.
///
/// Fails with `Invalid`, with fields like `[2].sku`, or with `Conflict(external_id_taken)` if a
/// stored line differs from the request.
pub async fn record_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    zone: Tz,
    sales: &[CreateSale],
    now: DateTime<Utc>,
) -> Result<Recorded<Sale>> {
    limit_lines(sales.len(), "sales")?;
    let mut errors = FieldErrors::default();
    let references: Vec<_> = sales.iter().map(line_references).collect();
    let resolved = resolve_lines(&mut *conn, company, &references, &mut errors).await?;
    let mut rows = Vec::with_capacity(sales.len());
    for (index, (sale, resolved)) in sales.iter().zip(&resolved).enumerate() {
        errors.start_item(index);
        rows.extend(
            resolved
                .as_ref()
                .map(|resolved| sale.validate(resolved, zone, now, &mut errors)),
        );
    }
    errors.into_result()?;
    let created = insert_sales(&mut *conn, company, &rows, now).await?;
    let products: Vec<_> = rows.iter().map(|row| row.product_id.0).collect();
    let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
    lock_products(&mut *conn, company, &products).await?;
    net_lines(&mut *conn, company, &ids).await?;
    let written = FactIds {
        sales: &ids,
        movements: &[],
    };
    add_to_levels(&mut *conn, company, &products, written).await?;
    let keys: Vec<_> = rows
        .iter()
        .map(|row| row.key.map(|key| key.0.to_vec()))
        .collect();
    let items = select_lines(&mut *conn, company, &ids, &keys).await?;
    if !rows
        .iter()
        .zip(&items)
        .all(|(row, stored)| is_same_sale(row, stored))
    {
        return Err(Error::conflict(
            "external_id_taken",
            "another sale has this external_id",
        ));
    }
    let kind = BatchKind::Sales;
    let batch = record_batch(&mut *conn, company, kind, (&ids, created), now).await?;
    Ok(Recorded {
        items,
        created,
        batch,
    })
}

/// Cancels a line: it counts as no demand any more, and its stock returns. A cancelled line stays
/// as it is. Fails with `NotFound`, and with `Conflict(sale_returned)` where units of it came back:
/// their stock would return twice.
pub async fn cancel_sale(
    conn: &mut PgConnection,
    company: CompanyId,
    id: SaleId,
    now: DateTime<Utc>,
) -> Result<Sale> {
    let product = require_sale(&mut *conn, company, id).await?.product_id.0;
    // The product is locked before the line, in the order of every netting: no deadlock.
    lock_products(&mut *conn, company, &[product]).await?;
    reject_returned_sale(&mut *conn, company, id).await?;
    let cancelled = sqlx::query!(
        "update sales set status = 'cancelled', cancelled_at = $3
         where company_id = $1 and id = $2 and status <> 'cancelled'",
        company.0,
        id.0,
        now,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if cancelled > 0 {
        net_lines(&mut *conn, company, &[id.0]).await?;
        take_from_levels(&mut *conn, company, product, id.0).await?;
    }
    require_sale(conn, company, id).await
}

async fn reject_returned_sale(
    conn: &mut PgConnection,
    company: CompanyId,
    id: SaleId,
) -> Result<()> {
    let sale = require_sale(&mut *conn, company, id).await?;
    if sale.status == SaleStatus::Cancelled || sale.kind != SaleKind::Sale {
        return Ok(());
    }
    let returned = count_returned_units(conn, company, &sale)
        .await?
        .normalize();
    if returned.is_zero() {
        return Ok(());
    }
    let sold = sale.quantity.normalize();
    let message = format!("{returned} of its {sold} units came back: record the rest as a return");
    Err(Error::conflict("sale_returned", message))
}

async fn require_sale(conn: &mut PgConnection, company: CompanyId, id: SaleId) -> Result<Sale> {
    let found = find_sales(conn, company, &[id.0]).await?;
    found.into_iter().next().ok_or(Error::NotFound("sale"))
}

/// Returns the lines with these ids, in their order; ids that do not exist are skipped.
pub async fn find_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    ids: &[Uuid],
) -> Result<Vec<Sale>> {
    select_lines(conn, company, ids, &vec![None; ids.len()]).await
}

fn line_references(sale: &CreateSale) -> LineReferences<'_> {
    LineReferences {
        sku: sale.sku.as_deref(),
        product_id: sale.product_id,
        site_id: sale.site_id,
        customer_id: sale.customer_id,
        customer_ref: sale.customer_ref.as_deref().map(str::trim),
    }
}

/// Compares a request with the stored line, but for the time, which a call may leave out.
fn is_same_sale(row: &ValidSale, stored: &Sale) -> bool {
    row.product_id == stored.product_id
        && row.quantity == stored.quantity
        && row.unit_price == stored.unit_price
        && row.currency == stored.currency
}

async fn insert_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    rows: &[ValidSale],
    now: DateTime<Utc>,
) -> Result<u64> {
    let inserted = sqlx::query!(
        "insert into sales (company_id, id, sold_at, created_at, day, product_id, import_key,
           customer_id, site_id, quantity, unit_price, amount, currency, kind, status, source,
           document, external_id, due_at, delivered_at)
         select $1, id, sold_at, $3, day, product_id, key, customer_id, site_id, quantity,
           unit_price, amount, currency, kind, status, 'api', document, external_id, due_at,
           delivered_at
         from jsonb_to_recordset($2::jsonb) as line
              (id uuid, sold_at timestamptz, day date, product_id uuid, key bytea,
               customer_id uuid, site_id uuid, quantity numeric, unit_price numeric,
               amount numeric, currency text, kind text, status text, document text,
               external_id text, due_at timestamptz, delivered_at timestamptz)
         on conflict (company_id, import_key) do nothing",
        company.0,
        Json(rows) as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected())
}

/// Selects the lines with one of `ids` or one of `keys`, by position.
async fn select_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    ids: &[Uuid],
    keys: &[Option<Vec<u8>>],
) -> Result<Vec<Sale>> {
    let rows = select_sales!(
        "from unnest($2::uuid[], $3::bytea[]) with ordinality as line (id, key, position)
         join sales s on s.company_id = $1 and (s.id = line.id or s.import_key = line.key)
         left join imports i on i.company_id = $1 and i.id = s.import_id
         order by line.position",
        company.0,
        ids,
        keys as &[Option<Vec<u8>>],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(round_money).collect())
}
