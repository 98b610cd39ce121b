//! Movements.

use chrono::{DateTime, TimeDelta, Utc};
use platform::ids::{CompanyId, Uuid};
use serde::Serialize;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::Recorded;
use super::batches::record_batch;
use super::levels::{FactIds, add_to_levels};
use super::lines::{LineReferences, limit_lines, resolve_lines};
use crate::catalog::batch::BatchKind;
use crate::catalog::field_errors::FieldErrors;
use crate::catalog::movement::ValidMovement;
use crate::catalog::{CreateMovement, LedgerEntry, ProductId};
use crate::{Error, Result};

/// Records movements and recomputes the levels of their products. All are recorded or none. A
/// movement whose `external_id` is known changes nothing; the stored movement is returned.
///
/// Fails with `Invalid`, with fields like `[2].sku`, or with `Conflict(external_id_taken)` if a
/// stored movement differs from the request.
pub async fn record_movements(
    conn: &mut PgConnection,
    company: CompanyId,
    movements: &[CreateMovement],
    now: DateTime<Utc>,
) -> Result<Recorded<LedgerEntry>> {
    limit_lines(movements.len(), "movements")?;
    let mut errors = FieldErrors::default();
    let references: Vec<_> = movements.iter().map(line_references).collect();
    let resolved = resolve_lines(&mut *conn, company, &references, &mut errors).await?;
    let mut rows = Vec::with_capacity(movements.len());
    for (index, (movement, resolved)) in movements.iter().zip(&resolved).enumerate() {
        errors.start_item(index);
        // Movements without a time follow each other.
        let at = now + TimeDelta::microseconds(i64::try_from(index).unwrap_or(0));
        let movement = movement.validate(at, &mut errors);
        rows.extend(resolved.as_ref().map(|resolved| MovementRow {
            product_id: resolved.product_id,
            movement,
        }));
    }
    errors.into_result()?;
    let created = insert_movements(&mut *conn, company, &rows, now).await?;
    let products: Vec<_> = rows.iter().map(|row| row.product_id.0).collect();
    let ids: Vec<_> = rows.iter().map(|row| row.movement.id.0).collect();
    let written = FactIds {
        sales: &[],
        movements: &ids,
    };
    add_to_levels(&mut *conn, company, &products, written).await?;
    let keys: Vec<_> = rows
        .iter()
        .map(|row| row.movement.key.map(|key| key.0.to_vec()))
        .collect();
    let items = select_movements(&mut *conn, company, &ids, &keys).await?;
    if !rows
        .iter()
        .zip(&items)
        .all(|(row, stored)| row.is_same(stored))
    {
        return Err(Error::conflict(
            "external_id_taken",
            "another movement has this external_id",
        ));
    }
    let kind = BatchKind::Movements;
    let batch = record_batch(&mut *conn, company, kind, (&ids, created), now).await?;
    Ok(Recorded {
        items,
        created,
        batch,
    })
}

#[derive(Debug, Serialize)]
struct MovementRow {
    product_id: ProductId,
    #[serde(flatten)]
    movement: ValidMovement,
}

impl MovementRow {
    /// Compares a request with the stored movement, but for the time, which a call may leave out.
    fn is_same(&self, stored: &LedgerEntry) -> bool {
        self.product_id == stored.product_id
            && self.movement.site_id == stored.site_id
            && self.movement.quantity == stored.quantity
            && stored.kind == self.movement.kind.into()
    }
}

fn line_references(movement: &CreateMovement) -> LineReferences<'_> {
    LineReferences {
        sku: movement.sku.as_deref(),
        product_id: movement.product_id,
        site_id: movement.site_id,
        ..LineReferences::default()
    }
}

async fn insert_movements(
    conn: &mut PgConnection,
    company: CompanyId,
    rows: &[MovementRow],
    now: DateTime<Utc>,
) -> Result<u64> {
    let inserted = sqlx::query!(
        "insert into stock_movements (company_id, id, at, day, product_id, site_id, kind, quantity,
           reference, reason, key, source, created_at)
         select $1, line.id, at, (at at time zone company.timezone)::date, product_id, site_id,
           kind, quantity, reference, reason, key, 'api', $3
         from jsonb_to_recordset($2::jsonb) as line
              (id uuid, at timestamptz, product_id uuid, site_id uuid, kind text,
               quantity numeric, reference text, reason text, key bytea)
         join companies company on company.id = $1
         on conflict (company_id, key) do nothing",
        company.0,
        Json(rows) as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected())
}

/// Returns the movements with these ids, in their order; ids that do not exist are skipped.
pub async fn find_movements(
    conn: &mut PgConnection,
    company: CompanyId,
    ids: &[Uuid],
) -> Result<Vec<LedgerEntry>> {
    select_movements(conn, company, ids, &vec![None; ids.len()]).await
}

/// Selects the movements with one of `ids` or one of `keys`, by position.
async fn select_movements(
    conn: &mut PgConnection,
    company: CompanyId,
    ids: &[Uuid],
    keys: &[Option<Vec<u8>>],
) -> Result<Vec<LedgerEntry>> {
    let items = sqlx::query_as!(
        LedgerEntry,
        r#"select m.id, m.product_id as "product_id: _", m.site_id as "site_id: _",
                  m.kind as "kind: _", m.quantity, m.at, m.day, m.reference, m.reason,
                  m.source as "source: _", m.import_id, m.created_at,
                  coalesce(m.created_by, i.created_by) as "created_by: _",
                  coalesce(m.request_id, i.request_id) as request_id
           from unnest($2::uuid[], $3::bytea[]) with ordinality as line (id, key, position)
           join stock_movements m on m.company_id = $1 and (m.id = line.id or m.key = line.key)
           left join imports i on i.company_id = $1 and i.id = m.import_id
           order by line.position"#,
        company.0,
        ids,
        keys as &[Option<Vec<u8>>],
    )
    .fetch_all(conn)
    .await?;
    Ok(items)
}
