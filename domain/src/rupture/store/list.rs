//! Predictions as people read them: the products that run out soonest, or one product.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use crate::catalog::ProductId;
use crate::rupture::{Class, Urgency};
use crate::{Error, Result};

/// A prediction with the figures that it was computed from.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedRupture {
    pub product_id: ProductId,
    pub sku: String,
    pub name: String,
    pub unit: String,
    pub rate_per_day: f64,
    pub dispersion: f64,
    pub history_days: i32,
    pub class: Class,
    pub as_of: NaiveDate,
    /// `None` while the level is unknown.
    pub level: Option<f64>,
    pub probability: Option<f64>,
    pub days_p10: Option<i32>,
    pub days_p50: Option<i32>,
    pub days_p90: Option<i32>,
    pub reorder_point: Option<f64>,
    pub safety_stock: Option<f64>,
    pub suggested_quantity: Option<f64>,
    pub urgency: Option<Urgency>,
    pub lead_time_days: Option<i32>,
    pub service_level: Option<f64>,
    pub computed_at: Option<DateTime<Utc>>,
}

/// Which predicted ruptures to list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RuptureFilter {
    /// Days to rupture (P50) at most.
    pub horizon_days: i32,
    pub min_probability: Option<f64>,
    /// The days and the product of the last item of the previous page.
    pub after: Option<(i32, ProductId)>,
    pub limit: i64,
}

/// A checked query of the predictions of products `p` with demand `d` and outlook `o`.
macro_rules! select_predictions {
    ($rest:literal, $($value:expr),* $(,)?) => {
        sqlx::query_as!(
            ListedRupture,
            r#"select p.id as "product_id: _", p.sku, p.name, p.unit, d.rate_per_day, d.dispersion,
                 d.history_days, d.class as "class: _", d.as_of, o.level::float8 as level,
                 o.probability as "probability?", o.days_p10, o.days_p50, o.days_p90,
                 o.reorder_point::float8 as reorder_point, o.safety_stock::float8 as safety_stock,
                 o.suggested_quantity::float8 as suggested_quantity, o.urgency as "urgency?: _",
                 o.lead_time_days as "lead_time_days?", o.service_level as "service_level?",
                 o.computed_at as "computed_at?"
               "# + $rest,
            $($value),*
        )
    };
}

/// Lists the products that run out within the horizon, the soonest rupture first.
pub async fn list_ruptures(
    conn: &mut PgConnection,
    filter: &RuptureFilter,
) -> Result<Vec<ListedRupture>> {
    let (after_days, after_id) = filter.after.unzip();
    Ok(select_predictions!(
        "from outlooks o
         join demand d on d.company_id = o.company_id and d.product_id = o.product_id
         join products p on p.company_id = o.company_id and p.id = o.product_id
         where o.days_p50 <= $1 and ($2::float8 is null or o.probability >= $2)
           and ($3::int is null or (o.days_p50, o.product_id) > ($3, $4))
         order by o.days_p50, o.product_id
         limit $5",
        filter.horizon_days,
        filter.min_probability,
        after_days,
        after_id.map(|id| id.0),
        filter.limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Loads the prediction of one product; its stock figures are `None` while the level is unknown.
/// Fails with `NotFound` for a product that does not exist or was never sold.
pub async fn load_prediction(conn: &mut PgConnection, product: ProductId) -> Result<ListedRupture> {
    select_predictions!(
        "from demand d
         join products p on p.company_id = d.company_id and p.id = d.product_id
         left join outlooks o on o.company_id = d.company_id and o.product_id = d.product_id
         where d.product_id = $1",
        product.0,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound("prediction"))
}
