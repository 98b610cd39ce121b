//! Movements, and the ledger that they make with the sale lines.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::Recorded;
use super::levels::recompute_levels;
use super::lines::{Named, resolve};
use crate::catalog::field_errors::FieldErrors;
use crate::catalog::stock::CheckedMovement;
use crate::catalog::{LINES_PER_CALL, LedgerEntry, NewMovement, ProductId, SiteId};
use crate::{Error, Result};

/// Writes movements and brings the levels of their products up to date. All or none: one errors line
/// refuses the call. A line whose `external_id` is known changes nothing and answers the line that is there.
///
/// # Errors
/// `Invalid` with fields like `[2].sku`; `Conflict(external_id_taken)` where the known line says otherwise.
pub async fn record_movements(
    conn: &mut PgConnection,
    company: CompanyId,
    movements: &[NewMovement],
    now: DateTime<Utc>,
) -> Result<Recorded<LedgerEntry>> {
    if movements.len() > LINES_PER_CALL {
        return Err(Error::invalid(
            "",
            "too_many",
            format!("at most {LINES_PER_CALL} movements at once"),
        ));
    }
    let mut errors = FieldErrors::default();
    let named: Vec<_> = movements.iter().map(named).collect();
    let resolved = resolve(&mut *conn, company, &named, &mut errors).await?;
    let mut rows = Vec::with_capacity(movements.len());
    for (index, (movement, known)) in movements.iter().zip(&resolved).enumerate() {
        errors.start_item(index);
        let checked = movement.check(now, &mut errors);
        rows.extend(known.as_ref().map(|known| Row {
            product_id: known.product_id,
            movement: checked,
        }));
    }
    errors.into_result()?;
    let created = insert(&mut *conn, company, &rows, now).await?;
    let products: Vec<_> = rows.iter().map(|row| row.product_id.0).collect();
    recompute_levels(&mut *conn, company, &products).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.movement.id.0).collect();
    let keys: Vec<_> = rows
        .iter()
        .map(|row| row.movement.key.map(|key| key.0.to_vec()))
        .collect();
    let items = read(conn, company, &ids, &keys).await?;
    if rows.iter().zip(&items).any(|(row, kept)| !row.is(kept)) {
        return Err(Error::conflict(
            "external_id_taken",
            "another movement has this external_id",
        ));
    }
    Ok(Recorded { items, created })
}

/// The ledger: movements and sale lines as they move stock, latest entered first; cancelled lines and
/// lines that move no stock are left out.
///
/// # Errors
/// The database's.
pub async fn list_ledger(
    conn: &mut PgConnection,
    company: CompanyId,
    product: Option<ProductId>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<LedgerEntry>> {
    let rows = sqlx::query_as!(
        LedgerEntry,
        r#"select id as "id!", product_id as "product_id!: ProductId", site_id as "site_id: SiteId", kind as "kind!",
                  quantity as "quantity!", at as "at!", reference, reason, source as "source!", import_id,
                  created_at as "created_at!"
           from (
             (select id, product_id, site_id, kind, quantity, at, reference, reason, source, import_id, created_at
              from stock_movements
              where company_id = $1 and ($2::uuid is null or product_id = $2) and ($3::uuid is null or id < $3)
              order by id desc limit $4)
             union all
             (select id, product_id, site_id, 'sale', case kind when 'adjustment' then quantity else -quantity end,
                     sold_at, document, null, source, import_id, created_at
              from sales
              where company_id = $1 and ($2::uuid is null or product_id = $2) and ($3::uuid is null or id < $3)
                and status <> 'cancelled' and stock_rule is distinct from 'none'
              order by id desc limit $4)
           ) ledger
           order by id desc limit $4"#,
        company.0,
        product.map(|id| id.0),
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

#[derive(Debug, Serialize)]
struct Row {
    product_id: ProductId,
    #[serde(flatten)]
    movement: CheckedMovement,
}

impl Row {
    /// Whether the line that is kept says the same, but for its time, which a call may leave out.
    fn is(&self, kept: &LedgerEntry) -> bool {
        let kind = serde_json::to_value(self.movement.kind).unwrap_or_default();
        self.product_id == kept.product_id
            && self.movement.site_id == kept.site_id
            && self.movement.quantity == kept.quantity
            && kind == kept.kind.as_str()
    }
}

fn named(movement: &NewMovement) -> Named<'_> {
    Named {
        sku: movement.sku.as_deref(),
        product_id: movement.product_id,
        site_id: movement.site_id,
        ..Named::default()
    }
}

async fn insert(
    conn: &mut PgConnection,
    company: CompanyId,
    rows: &[Row],
    now: DateTime<Utc>,
) -> Result<u64> {
    let done = sqlx::query!(
        "insert into stock_movements (company_id, id, at, product_id, site_id, kind, quantity, reference, reason, key,
                                      source, created_at)
         select $1, id, at, product_id, site_id, kind, quantity, reference, reason, key, 'api', $3
         from jsonb_to_recordset($2::jsonb) as line
              (id uuid, at timestamptz, product_id uuid, site_id uuid, kind text, quantity numeric, reference text,
               reason text, key bytea)
         on conflict (company_id, key) do nothing",
        company.0,
        Json(rows) as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The movements with these ids, in their order; of those that aren't there, nothing.
///
/// # Errors
/// The database's.
pub async fn find_movements(
    conn: &mut PgConnection,
    company: CompanyId,
    ids: &[Uuid],
) -> Result<Vec<LedgerEntry>> {
    read(conn, company, ids, &vec![None; ids.len()]).await
}

/// The movements with one of `ids` or one of `keys`, by position.
async fn read(
    conn: &mut PgConnection,
    company: CompanyId,
    ids: &[Uuid],
    keys: &[Option<Vec<u8>>],
) -> Result<Vec<LedgerEntry>> {
    let items = sqlx::query_as!(
        LedgerEntry,
        r#"select m.id, m.product_id as "product_id: ProductId", m.site_id as "site_id: SiteId", m.kind, m.quantity,
                  m.at, m.reference, m.reason, m.source, m.import_id, m.created_at
           from unnest($2::uuid[], $3::bytea[]) with ordinality as line (id, key, position)
           join stock_movements m on m.company_id = $1 and (m.id = line.id or m.key = line.key)
           order by line.position"#,
        company.0,
        ids,
        keys as &[Option<Vec<u8>>],
    )
    .fetch_all(conn)
    .await?;
    Ok(items)
}
