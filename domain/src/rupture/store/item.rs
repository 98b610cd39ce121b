//! The products that one run found. They belong to the run, whatever the company's demand becomes.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::figures::FigureColumns;
use super::{Forecast, ListedRupture, RuptureFilter};
use crate::Result;
use crate::catalog::ProductId;
use crate::rupture::{Demand, Run, RunId, SERVICE_LEVEL};

/// Stores the products of `forecasts` that run out within the run's horizon.
pub async fn save_items(
    conn: &mut PgConnection,
    company: CompanyId,
    run: &Run,
    forecasts: &[Forecast],
    now: DateTime<Utc>,
) -> Result<()> {
    let (figures, demand) = select_ruptures(forecasts, run.horizon_days);
    let demand = || demand.iter();
    sqlx::query!(
        "insert into prediction_items (company_id, run_id, product_id, history_days, class,
           rate_per_day, dispersion, as_of, level, probability, days_p10, days_p50, days_p90,
           reorder_point, safety_stock, suggested_quantity, urgency, lead_time_days, service_level,
           computed_at)
         select $1, $2, n.product_id, n.history_days, n.class, n.rate, n.dispersion, n.as_of,
           n.level, n.probability, n.p10, n.p50, n.p90, n.reorder_point, n.safety_stock,
           n.suggested, n.urgency, n.lead_time_days, $19, $20
         from unnest($3::uuid[], $4::int[], $5::text[], $6::float8[], $7::float8[], $8::date[],
             $9::float8[], $10::float8[], $11::int[], $12::int[], $13::int[], $14::float8[],
             $15::float8[], $16::float8[], $17::text[], $18::int[])
           as n (product_id, history_days, class, rate, dispersion, as_of, level, probability, p10,
             p50, p90, reorder_point, safety_stock, suggested, urgency, lead_time_days)
         on conflict do nothing",
        company.0,
        run.id.0,
        &figures.product_ids,
        &demand()
            .map(|d| d.history_days.cast_signed())
            .collect::<Vec<_>>(),
        &demand().map(|d| d.class).collect::<Vec<_>>() as _,
        &demand().map(|d| d.rate.per_day()).collect::<Vec<_>>(),
        &demand().map(|d| d.dispersion).collect::<Vec<_>>(),
        &demand().map(|d| d.as_of).collect::<Vec<_>>(),
        &figures.levels,
        &figures.probabilities,
        &figures.days_p10 as &[Option<i32>],
        &figures.days_p50 as &[Option<i32>],
        &figures.days_p90 as &[Option<i32>],
        &figures.reorder_points,
        &figures.safety_stocks,
        &figures.suggested_quantities,
        &figures.urgencies as _,
        &figures.lead_times_days,
        SERVICE_LEVEL,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Selects the figures and the demand of the products that run out within the horizon.
fn select_ruptures(forecasts: &[Forecast], horizon_days: u32) -> (FigureColumns, Vec<&Demand>) {
    let mut figures = FigureColumns::default();
    let mut demand = Vec::new();
    for forecast in forecasts {
        if let (Some(product_demand), Some(outlook), Some(level)) =
            (&forecast.demand, &forecast.outlook, forecast.level)
            && outlook.days.p50.is_some_and(|days| days <= horizon_days)
        {
            figures.push(forecast, outlook, level);
            demand.push(product_demand);
        }
    }
    (figures, demand)
}

/// Lists what a run found, the soonest rupture first.
pub async fn list_items_of_run(
    conn: &mut PgConnection,
    run: RunId,
    filter: &RuptureFilter,
) -> Result<Vec<ListedRupture>> {
    let (after_days, after_id): (Option<i32>, Option<ProductId>) = filter.after.unzip();
    Ok(sqlx::query_as!(
        ListedRupture,
        r#"select i.product_id as "product_id: _", p.sku, p.name, p.unit, i.rate_per_day,
             i.dispersion, i.history_days, i.class as "class: _", i.as_of,
             i.level::float8 as level, i.probability as "probability?", i.days_p10,
             i.days_p50 as "days_p50?", i.days_p90, i.reorder_point::float8 as reorder_point,
             i.safety_stock::float8 as safety_stock,
             i.suggested_quantity::float8 as suggested_quantity, i.urgency as "urgency?: _",
             i.lead_time_days as "lead_time_days?", i.service_level as "service_level?",
             i.computed_at as "computed_at?"
           from prediction_items i
           join products p on p.company_id = i.company_id and p.id = i.product_id
           where i.run_id = $1 and i.days_p50 <= $2 and ($3::float8 is null or i.probability >= $3)
             and ($4::int is null or (i.days_p50, i.product_id) > ($4, $5))
           order by i.days_p50, i.product_id
           limit $6"#,
        run.0,
        filter.horizon_days,
        filter.min_probability,
        after_days,
        after_id.map(|id| id.0) as Option<Uuid>,
        filter.limit,
    )
    .fetch_all(conn)
    .await?)
}
