//! Stores the outlooks of a whole company.

use chrono::{DateTime, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::Forecast;
use super::figures::FigureColumns;
use crate::Result;
use crate::rupture::SERVICE_LEVEL;

/// Stores the outlooks of `forecasts` and deletes those of products without one. Rows whose figures
/// did not change are not written.
pub async fn save_outlooks(
    conn: &mut PgConnection,
    company: CompanyId,
    forecasts: &[Forecast],
    now: DateTime<Utc>,
) -> Result<()> {
    let mut figures = FigureColumns::default();
    for forecast in forecasts {
        if let (Some(outlook), Some(level)) = (&forecast.outlook, forecast.level) {
            figures.push(forecast, outlook, level);
        }
    }
    sqlx::query!(
        "insert into outlooks as o (company_id, product_id, level, probability, days_p10, days_p50,
           days_p90, reorder_point, safety_stock, suggested_quantity, urgency, lead_time_days,
           service_level, computed_at)
         select $1, n.product_id, n.level, n.probability, n.p10, n.p50, n.p90, n.reorder_point,
           n.safety_stock, n.suggested, n.urgency, n.lead_time_days, $13, $14
         from unnest($2::uuid[], $3::float8[], $4::float8[], $5::int[], $6::int[], $7::int[],
             $8::float8[], $9::float8[], $10::float8[], $11::text[], $12::int[])
           as n (product_id, level, probability, p10, p50, p90, reorder_point, safety_stock,
             suggested, urgency, lead_time_days)
         on conflict (company_id, product_id) do update set
           level = excluded.level, probability = excluded.probability,
           days_p10 = excluded.days_p10, days_p50 = excluded.days_p50,
           days_p90 = excluded.days_p90, reorder_point = excluded.reorder_point,
           safety_stock = excluded.safety_stock,
           suggested_quantity = excluded.suggested_quantity, urgency = excluded.urgency,
           lead_time_days = excluded.lead_time_days, service_level = excluded.service_level,
           computed_at = excluded.computed_at
         where (o.level, o.probability, o.days_p10, o.days_p50, o.days_p90, o.reorder_point,
             o.safety_stock, o.suggested_quantity, o.lead_time_days, o.service_level)
           is distinct from (excluded.level, excluded.probability, excluded.days_p10,
             excluded.days_p50, excluded.days_p90, excluded.reorder_point, excluded.safety_stock,
             excluded.suggested_quantity, excluded.lead_time_days, excluded.service_level)",
        company.0,
        &figures.product_ids,
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
    .execute(&mut *conn)
    .await?;
    delete_other_outlooks(conn, &figures.product_ids).await
}

async fn delete_other_outlooks(conn: &mut PgConnection, kept: &[Uuid]) -> Result<()> {
    sqlx::query!(
        "delete from outlooks o
         where not exists (select 1 from unnest($1::uuid[]) k (id) where k.id = o.product_id)",
        kept,
    )
    .execute(conn)
    .await?;
    Ok(())
}
