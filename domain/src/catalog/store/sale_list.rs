//! Lists of sale lines. Each filter has its index, so that a page costs a page.

use chrono::NaiveDate;
use platform::ids::CompanyId;
use sqlx::PgConnection;

use super::ledger::{FIRST_DAY, FactPosition};
use super::sale_columns::{round_money, select_sales};
use crate::Result;
use crate::catalog::{Sale, SaleFilter, SaleStatus};

/// Lists at most `limit` lines, the latest day first and on it the latest entered, before `after`.
///
/// An index finds the lines of, in this order: the document, the customer, the product, the status
/// if it isn't `delivered`, the days. The other filters are applied to what it finds.
pub async fn list_sales(
    conn: &mut PgConnection,
    company: CompanyId,
    filter: &SaleFilter,
    after: Option<FactPosition>,
    limit: i64,
) -> Result<Vec<Sale>> {
    let before = FactPosition::before(after, filter.to);
    let from: NaiveDate = filter.from.unwrap_or(FIRST_DAY);
    // One statement for each index: a plan for any filter could use none of them.
    macro_rules! list_where {
        ($($condition:literal)+) => {
            select_sales!(
                "from sales s left join imports i on i.company_id = $1 and i.id = s.import_id
                 where s.company_id = $1 and (s.day, s.id) < ($2, $3) and s.day >= $4
                   and ($5::text is null or s.document = $5)
                   and ($6::uuid is null or s.customer_id = $6)
                   and ($7::uuid is null or s.product_id = $7)
                   and ($8::text is null or s.status = $8)"
                $($condition)+
                " order by s.day desc, s.id desc limit $9",
                company.0,
                before.day,
                before.id,
                from,
                filter.document,
                filter.customer_id.map(|id| id.0),
                filter.product_id.map(|id| id.0),
                filter.status as Option<SaleStatus>,
                limit,
            )
            .fetch_all(conn)
            .await?
        };
    }
    let rows = match filter {
        SaleFilter {
            document: Some(_), ..
        } => list_where!(" and s.document = $5"),
        SaleFilter {
            customer_id: Some(_),
            product_id: Some(_),
            ..
        } => {
            list_where!(" and s.customer_id = $6 and s.product_id = $7")
        }
        SaleFilter {
            customer_id: Some(_),
            ..
        } => list_where!(" and s.customer_id = $6"),
        SaleFilter {
            product_id: Some(_),
            ..
        } => list_where!(" and s.product_id = $7"),
        SaleFilter {
            status: Some(SaleStatus::Pending | SaleStatus::Cancelled),
            ..
        } => {
            list_where!(" and s.status = $8 and s.status <> 'delivered'")
        }
        _ => list_where!(" and s.day <= $2"),
    };
    Ok(rows.into_iter().map(round_money).collect())
}
