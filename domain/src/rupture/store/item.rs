//! What one run found: kept under the run, whatever the company's demand becomes afterwards.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::super::{Demand, Outlook, RunId, SERVICE_LEVEL};
use super::{Forecast, ListedRupture, Run, RuptureFilter};
use crate::Result;
use crate::catalog::ProductId;

/// Keeps the products of `forecasts` that run out within the run's horizon.
///
/// # Errors
/// The database's.
pub async fn save_items(
    conn: &mut PgConnection,
    company: CompanyId,
    run: &Run,
    forecasts: &[Forecast],
    now: DateTime<Utc>,
) -> Result<()> {
    let found: Vec<(&Forecast, &Demand, Outlook, f64)> = forecasts
        .iter()
        .filter_map(|f| Some((f, f.demand.as_ref()?, f.outlook?, f.level?)))
        .filter(|(_, _, outlook, _)| {
            outlook
                .days
                .p50
                .is_some_and(|days| days <= run.horizon_days)
        })
        .collect();
    let demand =
        |read: fn(&Demand) -> f64| found.iter().map(|(_, d, ..)| read(d)).collect::<Vec<_>>();
    let figure =
        |read: fn(&Outlook) -> f64| found.iter().map(|(_, _, o, _)| read(o)).collect::<Vec<_>>();
    let days = |read: fn(&Outlook) -> Option<u32>| {
        found
            .iter()
            .map(|(_, _, o, _)| read(o).and_then(|d| i32::try_from(d).ok()))
            .collect::<Vec<_>>()
    };
    sqlx::query!(
        "insert into prediction_items (company_id, run_id, product_id, history_days, class, rate_per_day, dispersion,
           as_of, level, probability, days_p10, days_p50, days_p90, reorder_point, safety_stock, suggested_quantity,
           urgency, lead_time_days, service_level, computed_at)
         select $1, $2, n.product_id, n.history_days, n.class, n.rate, n.dispersion, n.as_of, n.level, n.probability,
           n.p10, n.p50, n.p90, n.reorder_point, n.safety_stock, n.suggested, n.urgency, n.lead_time_days, $19, $20
         from unnest($3::uuid[], $4::int[], $5::text[], $6::float8[], $7::float8[], $8::date[], $9::float8[],
             $10::float8[], $11::int[], $12::int[], $13::int[], $14::float8[], $15::float8[], $16::float8[],
             $17::text[], $18::int[])
           as n (product_id, history_days, class, rate, dispersion, as_of, level, probability, p10, p50, p90,
             reorder_point, safety_stock, suggested, urgency, lead_time_days)
         on conflict do nothing",
        company.0,
        run.id.0,
        &found.iter().map(|(f, ..)| f.product_id.0).collect::<Vec<_>>(),
        &found.iter().map(|(_, d, ..)| i32::try_from(d.history_days).unwrap_or(i32::MAX)).collect::<Vec<_>>(),
        &found.iter().map(|(_, d, ..)| d.class.as_str().to_owned()).collect::<Vec<_>>(),
        &demand(|d| d.rate.per_day()),
        &demand(|d| d.dispersion),
        &found.iter().map(|(_, d, ..)| d.as_of).collect::<Vec<_>>(),
        &found.iter().map(|(.., level)| *level).collect::<Vec<_>>(),
        &figure(|o| o.probability),
        &days(|o| o.days.p10) as &[Option<i32>],
        &days(|o| o.days.p50) as &[Option<i32>],
        &days(|o| o.days.p90) as &[Option<i32>],
        &figure(|o| o.reorder_point),
        &figure(|o| o.safety_stock),
        &figure(|o| o.suggested_quantity),
        &found.iter().map(|(_, _, o, _)| o.urgency.as_str().to_owned()).collect::<Vec<_>>(),
        &found.iter().map(|(f, ..)| i32::try_from(f.lead_time_days).unwrap_or(i32::MAX)).collect::<Vec<_>>(),
        SERVICE_LEVEL,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a run found, soonest first.
///
/// # Errors
/// The database's.
pub async fn list_items_of_run(
    conn: &mut PgConnection,
    run: RunId,
    filter: &RuptureFilter,
) -> Result<Vec<ListedRupture>> {
    let (after_days, after_id): (Option<i32>, Option<ProductId>) = filter.after.unzip();
    Ok(sqlx::query_as!(
        ListedRupture,
        r#"select i.product_id as "product_id: ProductId", p.sku, p.name, p.unit, i.rate_per_day, i.dispersion,
             i.history_days, i.class, i.as_of, i.level::float8 as level, i.probability as "probability?", i.days_p10,
             i.days_p50 as "days_p50?", i.days_p90, i.reorder_point::float8 as reorder_point,
             i.safety_stock::float8 as safety_stock, i.suggested_quantity::float8 as suggested_quantity,
             i.urgency as "urgency?", i.lead_time_days as "lead_time_days?", i.service_level as "service_level?",
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
