//! Demand of a whole company in five statements, whatever the number of products: the days are
//! streamed in order, made dense and estimated here, and written back at once.

use std::collections::HashMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use futures::TryStreamExt as _;
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::super::{Abc, Demand, HISTORY_DAYS, History, abc};
use crate::catalog::ProductId;
use crate::{Error, Result};

/// What a computation saw and made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recomputed {
    /// The day that the demand is as of; `None` = the company never sold anything.
    pub as_of: Option<NaiveDate>,
    /// The last complete day with sales.
    pub data_through: Option<NaiveDate>,
    pub products: usize,
}

/// Reads the company's sales up to the last complete day with any, and replaces its demand; today is
/// never complete.
///
/// # Errors
/// The database's; `NotFound` for a company that isn't the transaction's.
pub async fn recompute_demand(
    conn: &mut PgConnection,
    company: CompanyId,
    now: DateTime<Utc>,
) -> Result<Recomputed> {
    let company = load_company(conn, company, now).await?;
    let data_through = last_day_with_sales(conn, company.yesterday).await?;
    let products = match data_through {
        Some(as_of) => estimate_all(conn, as_of, &company.currency).await?,
        None => Vec::new(),
    };
    save(conn, company.id, &products, now).await?;
    Ok(Recomputed {
        as_of: data_through,
        data_through,
        products: products.len(),
    })
}

/// The demand that was known at the end of `as_of`, of yesterday at the latest. Nothing is written:
/// the company's own demand is that of the last day. `None` where that is the very day asked for.
///
/// # Errors
/// As [`recompute_demand`].
pub async fn study_demand(
    conn: &mut PgConnection,
    company: CompanyId,
    as_of: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Option<(Recomputed, HashMap<ProductId, Demand>)>> {
    let company = load_company(conn, company, now).await?;
    let data_through = last_day_with_sales(conn, company.yesterday).await?;
    let as_of = as_of.min(company.yesterday);
    if Some(as_of) == data_through {
        return Ok(None);
    }
    let products = estimate_all(conn, as_of, &company.currency).await?;
    let made = Recomputed {
        as_of: Some(as_of),
        data_through,
        products: products.len(),
    };
    Ok(Some((
        made,
        products
            .into_iter()
            .map(|p| (ProductId(p.product_id), p.demand))
            .collect(),
    )))
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

/// One probe of the index per product, rather than a pass over all sales.
async fn last_day_with_sales(
    conn: &mut PgConnection,
    yesterday: NaiveDate,
) -> Result<Option<NaiveDate>> {
    Ok(sqlx::query_scalar!(
        "select max(latest.day)
         from products p
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

struct Estimated {
    product_id: Uuid,
    demand: Demand,
    turnover: f64,
}

/// One day of one product, as streamed.
struct SoldDay {
    product_id: Uuid,
    lead_time_days: i32,
    day: NaiveDate,
    units: f64,
    /// Of them, those that were paid for.
    paid_units: f64,
    turnover: f64,
}

/// Demand is what was delivered, less what was undone later; returns that undid no known sale and
/// adjustments of stock take nothing away from it. What is given away isn't demand either, unless
/// none of the product's lines has a price: then the file had none.
async fn estimate_all(
    conn: &mut PgConnection,
    as_of: NaiveDate,
    currency: &str,
) -> Result<Vec<Estimated>> {
    let first_day = as_of - Days::new(HISTORY_DAYS as u64 - 1);
    let mut days = sqlx::query_as!(
        SoldDay,
        r#"select d.product_id as "product_id!", coalesce(p.lead_time_days, s.lead_time_days, 7) as "lead_time_days!",
             d.day as "day!", d.units as "units!", d.paid_units as "paid_units!", d.turnover as "turnover!"
           from (
             select product_id, day, sum(quantity - netted_quantity)::float8 as units,
               coalesce(sum(quantity - netted_quantity) filter (where unit_price > 0), 0)::float8 as paid_units,
               coalesce(sum((quantity - netted_quantity) * unit_price) filter (where currency = $3), 0)::float8 as turnover
             from sales
             where day between $1 and $2 and kind = 'sale' and status = 'delivered'
             group by product_id, day) d
           join products p on p.id = d.product_id
           left join suppliers s on s.company_id = p.company_id and s.id = p.supplier_id
           order by d.product_id, d.day"#,
        first_day,
        as_of,
        currency,
    )
    .fetch(conn);
    let mut estimated = Vec::new();
    let mut product: Vec<SoldDay> = Vec::new();
    while let Some(day) = days.try_next().await? {
        if product
            .first()
            .is_some_and(|first| first.product_id != day.product_id)
        {
            estimated.extend(estimate(&product, as_of));
            product.clear();
            // Rows come faster than they are reckoned with: without this the thread is kept for as long as
            // there are rows, and the timers of the whole process with it.
            tokio::task::yield_now().await;
        }
        product.push(day);
    }
    estimated.extend(estimate(&product, as_of));
    Ok(estimated)
}

/// How far back turnover counts for the classes A, B and C.
const TURNOVER_DAYS: u64 = 365;

fn estimate(days: &[SoldDay], as_of: NaiveDate) -> Option<Estimated> {
    let first = days.first()?;
    let is_priced = days.iter().any(|d| d.paid_units > 0.0);
    let sales: Vec<_> = days
        .iter()
        .map(|d| (d.day, if is_priced { d.paid_units } else { d.units }))
        .collect();
    let history = History::from_sales(&sales, as_of)?;
    let lead_time_days = u32::try_from(first.lead_time_days).unwrap_or(0);
    let since = as_of - Days::new(TURNOVER_DAYS);
    Some(Estimated {
        product_id: first.product_id,
        demand: Demand::estimate(&history, lead_time_days),
        turnover: days
            .iter()
            .filter(|d| d.day > since)
            .map(|d| d.turnover)
            .sum(),
    })
}

async fn save(
    conn: &mut PgConnection,
    company: Uuid,
    products: &[Estimated],
    now: DateTime<Utc>,
) -> Result<()> {
    let turnovers: Vec<_> = products
        .iter()
        .map(|p| (p.product_id, p.turnover))
        .collect();
    let ids: Vec<Uuid> = products.iter().map(|p| p.product_id).collect();
    let classes: Vec<Abc> = abc::classify(&turnovers);
    let column =
        |read: fn(&Demand) -> f64| products.iter().map(|p| read(&p.demand)).collect::<Vec<_>>();
    let texts =
        |read: fn(&Demand) -> String| products.iter().map(|p| read(&p.demand)).collect::<Vec<_>>();
    let as_of: Vec<NaiveDate> = products.iter().map(|p| p.demand.as_of).collect();
    let history_days: Vec<i32> = products
        .iter()
        .map(|p| i32::try_from(p.demand.history_days).unwrap_or(i32::MAX))
        .collect();
    let abc: Vec<String> = classes
        .iter()
        .map(|class| class.as_str().to_owned())
        .collect();
    sqlx::query!(
        "insert into demand (company_id, product_id, as_of, history_days, class, rate_per_day, weekday_factors,
           dispersion, abc, computed_at)
         select $1, d.product_id, d.as_of, d.history_days, d.class, d.rate, d.factors::float8[], d.dispersion, d.abc, $10
         from unnest($2::uuid[], $3::date[], $4::int[], $5::text[], $6::float8[], $7::text[], $8::float8[], $9::text[])
           as d (product_id, as_of, history_days, class, rate, factors, dispersion, abc)
         on conflict (company_id, product_id) do update set
           as_of = excluded.as_of, history_days = excluded.history_days, class = excluded.class,
           rate_per_day = excluded.rate_per_day, weekday_factors = excluded.weekday_factors,
           dispersion = excluded.dispersion, abc = excluded.abc, computed_at = excluded.computed_at",
        company,
        &ids,
        &as_of,
        &history_days,
        &texts(|d| d.class.as_str().to_owned()),
        &column(|d| d.rate.per_day()),
        &texts(factors_literal),
        &column(|d| d.dispersion),
        &abc,
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from demand d
         where not exists (select 1 from unnest($1::uuid[]) k (id) where k.id = d.product_id)",
        &ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An array inside `unnest` would be flattened: it travels as Postgres writes it.
fn factors_literal(demand: &Demand) -> String {
    let factors = demand
        .rate
        .weekday_factors()
        .map(|factor| factor.to_string());
    format!("{{{}}}", factors.join(","))
}
