//! The ledger: movements, and sale lines as they move stock.

use chrono::NaiveDate;
use platform::ids::{CompanyId, Uuid};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::{LedgerEntry, ProductId};

/// Before the first and after the last day of any fact.
pub(super) const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a day");
pub(super) const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a day");

/// Where a fact stands in lists: by its day, then by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactPosition {
    pub day: NaiveDate,
    pub id: Uuid,
}

impl FactPosition {
    /// Returns the position before which a page begins: behind the page before it, `after`, and not
    /// later than the day `to`.
    pub(super) fn before(after: Option<Self>, to: Option<NaiveDate>) -> Self {
        let day = to.unwrap_or(LAST_DAY);
        let end_of_day = Self {
            day,
            id: Uuid::max(),
        };
        match after {
            Some(after) if after.day <= day => after,
            _ => end_of_day,
        }
    }
}

/// Lists the ledger, the latest day first and on it the latest entered, before `after`. Cancelled
/// lines and lines that move no stock are left out.
pub async fn list_ledger(
    conn: &mut PgConnection,
    company: CompanyId,
    product: Option<ProductId>,
    after: Option<FactPosition>,
    limit: i64,
) -> Result<Vec<LedgerEntry>> {
    let before = FactPosition::before(after, None);
    // Each part is limited by itself, so that each is read by its index from the end. One statement
    // for each index: a plan for any filter could use none of them.
    macro_rules! list_where {
        ($condition:literal) => {
            sqlx::query_as!(
                LedgerEntry,
                r#"select l.id as "id!", product_id as "product_id!: _", site_id as "site_id: _",
                          l.kind as "kind!: _", quantity as "quantity!", at as "at!",
                          day as "day!", reference, reason, source as "source!: _", import_id,
                          l.created_at as "created_at!",
                          coalesce(l.created_by, i.created_by) as "created_by: _",
                          coalesce(l.request_id, i.request_id) as request_id
                   from (
                     (select id, product_id, site_id, kind, quantity, at, day, reference, reason,
                             source, import_id, created_at, created_by, request_id
                      from stock_movements
                      where company_id = $1 and (day, id) < ($2, $3) and "# + $condition + r#"
                      order by day desc, id desc limit $5)
                     union all
                     (select id, product_id, site_id, 'sale',
                             case kind when 'adjustment' then quantity else -quantity end,
                             sold_at, day, document, null, source, import_id, created_at,
                             created_by, request_id
                      from sales
                      where company_id = $1 and (day, id) < ($2, $3) and "# + $condition + r#"
                        and status <> 'cancelled' and stock_rule is distinct from 'none'
                      order by day desc, id desc limit $5)
                   ) l
                   left join imports i on i.company_id = $1 and i.id = l.import_id
                   order by l.day desc, l.id desc limit $5"#,
                company.0,
                before.day,
                before.id,
                product.map(|id| id.0),
                limit,
            )
            .fetch_all(conn)
            .await?
        };
    }
    Ok(match product {
        Some(_) => list_where!("product_id = $4"),
        None => list_where!("$4::uuid is null"),
    })
}
