//! The demand of a whole company, in five statements for any number of products.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::sold_days::{EstimatedProduct, estimate_products};
use crate::catalog::ProductId;
use crate::rupture::Demand;
use crate::rupture::abc::classify_turnovers;
use crate::{Error, Result};

/// What a computation read and produced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recomputed {
    /// The day of which the demand is; `None` = the company never sold anything.
    pub as_of: Option<NaiveDate>,
    /// The last complete day with sales.
    pub data_through: Option<NaiveDate>,
    pub products: usize,
}

/// Replaces the company's demand, computed from the sales up to the last complete day with any.
/// Today is never complete. Fails with `NotFound` for a company that is not the transaction's.
pub async fn recompute_demand(
    conn: &mut PgConnection,
    company: CompanyId,
    now: DateTime<Utc>,
) -> Result<Recomputed> {
    let company = load_company(conn, company, now).await?;
    let data_through = find_last_day_with_sales(conn, company.yesterday).await?;
    let products = match data_through {
        Some(as_of) => estimate_products(conn, as_of, company.yesterday, &company.currency).await?,
        None => Vec::new(),
    };
    save_demand(conn, company.id, &products, now).await?;
    delete_other_demand(conn, &products).await?;
    Ok(Recomputed {
        as_of: data_through,
        data_through,
        products: products.len(),
    })
}

/// Computes the demand that was known at the end of `as_of`, or of yesterday if `as_of` is later.
/// Writes nothing, because the company's own demand is that of the last day. Returns `None` if
/// `as_of` is that very day. Fails like [`recompute_demand`].
pub async fn study_demand(
    conn: &mut PgConnection,
    company: CompanyId,
    as_of: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Option<(Recomputed, HashMap<ProductId, Demand>)>> {
    let company = load_company(conn, company, now).await?;
    let data_through = find_last_day_with_sales(conn, company.yesterday).await?;
    let as_of = as_of.min(company.yesterday);
    if Some(as_of) == data_through {
        return Ok(None);
    }
    let products = estimate_products(conn, as_of, as_of, &company.currency).await?;
    let recomputed = Recomputed {
        as_of: Some(as_of),
        data_through,
        products: products.len(),
    };
    let demand = products
        .into_iter()
        .map(|product| (ProductId(product.product_id), product.demand));
    Ok(Some((recomputed, demand.collect())))
}

struct Company {
    id: Uuid,
    currency: String,
    yesterday: NaiveDate,
}

async fn load_company(
    conn: &mut PgConnection,
    company: CompanyId,
    now: DateTime<Utc>,
) -> Result<Company> {
    sqlx::query_as!(
        Company,
        r#"select id, currency, ($2::timestamptz at time zone timezone)::date - 1 as "yesterday!"
           from companies where id = $1"#,
        company.0,
        now,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("company"))
}

async fn find_last_day_with_sales(
    conn: &mut PgConnection,
    yesterday: NaiveDate,
) -> Result<Option<NaiveDate>> {
    Ok(sqlx::query_scalar!(
        "select max(latest.day)
         from products p
         -- One probe of the index per product, rather than a pass over all sales.
         cross join lateral (
           select s.day from sales s
           where s.company_id = p.company_id and s.product_id = p.id and s.day <= $1
             and s.kind = 'sale' and s.status = 'delivered'
           order by s.day desc limit 1) latest",
        yesterday,
    )
    .fetch_one(conn)
    .await?)
}

async fn save_demand(
    conn: &mut PgConnection,
    company: Uuid,
    products: &[EstimatedProduct],
    now: DateTime<Utc>,
) -> Result<()> {
    let turnovers: Vec<_> = products
        .iter()
        .map(|product| (product.product_id, product.turnover))
        .collect();
    let ids: Vec<_> = products.iter().map(|product| product.product_id).collect();
    let demand = || products.iter().map(|product| &product.demand);
    sqlx::query!(
        "insert into demand (company_id, product_id, as_of, history_days, class, rate_per_day,
           weekday_factors, dispersion, abc, computed_at)
         select $1, d.product_id, d.as_of, d.history_days, d.class, d.rate, d.factors::float8[],
           d.dispersion, d.abc, $10
         from unnest($2::uuid[], $3::date[], $4::int[], $5::text[], $6::float8[], $7::text[],
             $8::float8[], $9::text[])
           as d (product_id, as_of, history_days, class, rate, factors, dispersion, abc)
         on conflict (company_id, product_id) do update set
           as_of = excluded.as_of, history_days = excluded.history_days, class = excluded.class,
           rate_per_day = excluded.rate_per_day, weekday_factors = excluded.weekday_factors,
           dispersion = excluded.dispersion, abc = excluded.abc,
           computed_at = excluded.computed_at",
        company,
        &ids,
        &demand().map(|d| d.as_of).collect::<Vec<_>>(),
        &demand()
            .map(|d| d.history_days.cast_signed())
            .collect::<Vec<_>>(),
        &demand().map(|d| d.class).collect::<Vec<_>>() as _,
        &demand().map(|d| d.rate.per_day()).collect::<Vec<_>>(),
        &demand().map(format_factors).collect::<Vec<_>>(),
        &demand().map(|d| d.dispersion).collect::<Vec<_>>(),
        &classify_turnovers(&turnovers) as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes the demand of products that have no sales in the history any more.
async fn delete_other_demand(conn: &mut PgConnection, kept: &[EstimatedProduct]) -> Result<()> {
    let ids: Vec<_> = kept.iter().map(|product| product.product_id).collect();
    sqlx::query!(
        "delete from demand d
         where not exists (select 1 from unnest($1::uuid[]) k (id) where k.id = d.product_id)",
        &ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Formats the factors as Postgres writes an array, because `unnest` flattens an array of arrays.
fn format_factors(demand: &Demand) -> String {
    let factors = demand
        .rate
        .weekday_factors()
        .map(|factor| factor.to_string());
    format!("{{{}}}", factors.join(","))
}
