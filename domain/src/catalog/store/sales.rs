//! Sale lines.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use platform::ids::{CompanyId, Uuid};
use platform::money::{Currency, round_to_currency};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::Recorded;
use super::levels::{lock_products, recompute_levels};
use super::lines::{Named, resolve};
use super::netting::net_around;
use crate::catalog::field_errors::FieldErrors;
use crate::catalog::sale::CheckedSale;
use crate::catalog::{
    CustomerId, LINES_PER_CALL, NewSale, ProductId, Sale, SaleId, SaleKind, SaleStatus, SiteId,
};
use crate::{Error, Result};

/// Which sale lines a list shows; `from` and `to` are days, both included.
#[derive(Debug, Clone, Default)]
pub struct SaleFilter {
    pub product_id: Option<ProductId>,
    pub customer_id: Option<CustomerId>,
    pub status: Option<SaleStatus>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

/// Writes sale lines and brings the levels of their products up to date. All or none: one errors line
/// refuses the call. `zone` is the company's. A line whose `external_id` is known changes nothing and
/// answers the line that is there.
///
/// # Errors
/// `Invalid` with fields like `[2].sku`; `Conflict(external_id_taken)` where the known line says otherwise.
pub async fn record_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    zone: Tz,
    sales: &[NewSale],
    now: DateTime<Utc>,
) -> Result<Recorded<Sale>> {
    if sales.len() > LINES_PER_CALL {
        return Err(Error::invalid(
            "",
            "too_many",
            format!("at most {LINES_PER_CALL} sales at once"),
        ));
    }
    let mut errors = FieldErrors::default();
    let named: Vec<_> = sales.iter().map(named).collect();
    let resolved = resolve(&mut *conn, company, &named, &mut errors).await?;
    let mut rows = Vec::with_capacity(sales.len());
    for (index, (sale, known)) in sales.iter().zip(&resolved).enumerate() {
        errors.start_item(index);
        rows.extend(
            known
                .as_ref()
                .map(|known| sale.check(known, zone, now, &mut errors)),
        );
    }
    errors.into_result()?;
    let created = insert(&mut *conn, company, &rows, now).await?;
    let products: Vec<_> = rows.iter().map(|row| row.product_id.0).collect();
    let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
    follow(&mut *conn, company, &products, &ids).await?;
    let items = read(conn, company, &rows).await?;
    if rows.iter().zip(&items).any(|(row, kept)| !same(row, kept)) {
        return Err(Error::conflict(
            "external_id_taken",
            "another sale has this external_id",
        ));
    }
    Ok(Recorded { items, created })
}

/// Cancels a line: it is no demand any more, and its stock comes back. A cancelled line stays as it is.
///
/// # Errors
/// `NotFound`.
pub async fn cancel_sale(
    conn: &mut PgConnection,
    company: CompanyId,
    id: SaleId,
    now: DateTime<Utc>,
) -> Result<Sale> {
    let known = find_sales(&mut *conn, company, &[id.0])
        .await?
        .into_iter()
        .next()
        .ok_or(Error::NotFound("sale"))?;
    let product = known.product_id.0;
    // Before the line's own row, as whoever nets the product's lines does.
    lock_products(&mut *conn, company, &[product]).await?;
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
        follow(&mut *conn, company, &[product], &[id.0]).await?;
    }
    find_sales(conn, company, &[id.0])
        .await?
        .into_iter()
        .next()
        .ok_or(Error::NotFound("sale"))
}

/// The lines with these ids, in their order; of those that aren't there, nothing.
///
/// # Errors
/// The database's.
pub async fn find_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    ids: &[Uuid],
) -> Result<Vec<Sale>> {
    read_lines(conn, company, ids, &vec![None; ids.len()]).await
}

/// Those entered before `after`, latest first, at most `limit`.
///
/// # Errors
/// The database's.
pub async fn list_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    filter: &SaleFilter,
    after: Option<SaleId>,
    limit: i64,
) -> Result<Vec<Sale>> {
    let rows = sqlx::query_as!(
        Sale,
        r#"select id as "id: SaleId", product_id as "product_id: ProductId", customer_id as "customer_id: CustomerId",
                  site_id as "site_id: SiteId", kind as "kind: SaleKind", status as "status: SaleStatus", quantity,
                  unit_price, amount, currency, netted_quantity, sold_at, day, document, external_id, due_at,
                  delivered_at, cancelled_at, source, import_id, created_at
           from sales
           where company_id = $1 and ($2::uuid is null or id < $2) and ($3::uuid is null or product_id = $3)
             and ($4::uuid is null or customer_id = $4) and ($5::text is null or status = $5)
             and ($6::date is null or day >= $6) and ($7::date is null or day <= $7)
           order by id desc limit $8"#,
        company.0,
        after.map(|id| id.0),
        filter.product_id.map(|id| id.0),
        filter.customer_id.map(|id| id.0),
        filter.status as Option<SaleStatus>,
        filter.from,
        filter.to,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(plain_money).collect())
}

/// Brings up to date what follows from lines of `products` that were written or cancelled.
async fn follow(
    conn: &mut PgConnection,
    company: CompanyId,
    products: &[Uuid],
    lines: &[Uuid],
) -> Result<()> {
    lock_products(&mut *conn, company, products).await?;
    net_around(&mut *conn, company, lines).await?;
    recompute_levels(conn, company, products).await?;
    Ok(())
}

fn named(sale: &NewSale) -> Named<'_> {
    Named {
        sku: sale.sku.as_deref(),
        product_id: sale.product_id,
        site_id: sale.site_id,
        customer_id: sale.customer_id,
        customer_ref: sale.customer_ref.as_deref().map(str::trim),
    }
}

/// Whether the line that is kept says the same, but for its time, which a call may leave out.
fn same(row: &CheckedSale, kept: &Sale) -> bool {
    row.product_id == kept.product_id
        && row.quantity == kept.quantity
        && row.unit_price == kept.unit_price
        && row.currency == kept.currency
}

async fn insert(
    conn: &mut PgConnection,
    company: CompanyId,
    rows: &[CheckedSale],
    now: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "insert into sales (company_id, id, sold_at, created_at, day, product_id, import_key, customer_id, site_id,
                            quantity, unit_price, amount, currency, kind, status, source, document, external_id,
                            due_at, delivered_at)
         select $1, id, sold_at, $3, day, product_id, key, customer_id, site_id, quantity, unit_price, amount,
                currency, kind, status, 'api', document, external_id, due_at, delivered_at
         from jsonb_to_recordset($2::jsonb) as line
              (id uuid, sold_at timestamptz, day date, product_id uuid, key bytea, customer_id uuid, site_id uuid,
               quantity numeric, unit_price numeric, amount numeric, currency text, kind text, status text,
               document text, external_id text, due_at timestamptz, delivered_at timestamptz)
         on conflict (company_id, import_key) do nothing",
        company.0,
        Json(rows) as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

async fn read(
    conn: &mut PgConnection,
    company: CompanyId,
    rows: &[CheckedSale],
) -> Result<Vec<Sale>> {
    let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
    let keys: Vec<_> = rows
        .iter()
        .map(|row| row.key.map(|key| key.0.to_vec()))
        .collect();
    read_lines(conn, company, &ids, &keys).await
}

/// The lines with one of `ids` or one of `keys`, by position.
async fn read_lines(
    conn: &mut PgConnection,
    company: CompanyId,
    ids: &[Uuid],
    keys: &[Option<Vec<u8>>],
) -> Result<Vec<Sale>> {
    let rows = sqlx::query_as!(
        Sale,
        r#"select s.id as "id: SaleId", s.product_id as "product_id: ProductId",
                  s.customer_id as "customer_id: CustomerId", s.site_id as "site_id: SiteId", s.kind as "kind: SaleKind",
                  s.status as "status: SaleStatus", s.quantity, s.unit_price, s.amount, s.currency, s.netted_quantity,
                  s.sold_at, s.day, s.document, s.external_id, s.due_at, s.delivered_at, s.cancelled_at, s.source,
                  s.import_id, s.created_at
           from unnest($2::uuid[], $3::bytea[]) with ordinality as line (id, key, position)
           join sales s on s.company_id = $1 and (s.id = line.id or s.import_key = line.key)
           order by line.position"#,
        company.0,
        ids,
        keys as &[Option<Vec<u8>>],
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(plain_money).collect())
}

/// Money is kept with more digits than it is shown with.
fn plain_money(mut sale: Sale) -> Sale {
    sale.unit_price = sale.unit_price.normalize();
    if let Some(currency) = Currency::from_code(&sale.currency) {
        sale.amount = round_to_currency(sale.amount, currency);
    }
    sale
}
