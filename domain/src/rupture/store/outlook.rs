//! Outlooks of a whole company: one statement reads every product with its level and demand, the
//! figures are computed here, two statements keep those that moved.

use chrono::{DateTime, NaiveDate, Utc};
use platform::ids::{CompanyId, Uuid};
use sqlx::PgConnection;

use super::super::{Abc, Class, Demand, Outlook, Position, Rate, SERVICE_LEVEL};
use crate::Result;
use crate::catalog::{CategoryId, ProductId, SiteId, SupplierId};

/// A product with all that an evaluation looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    pub product_id: ProductId,
    pub name: String,
    pub category_id: Option<CategoryId>,
    pub supplier_id: Option<SupplierId>,
    pub min_stock: Option<f64>,
    /// Over all sites; `None` = unknown, which is neither zero nor rupture.
    pub level: Option<f64>,
    /// Level by site; the stock of no site stands under `None`.
    pub levels: Vec<(Option<SiteId>, f64)>,
    pub lead_time_days: u32,
    pub abc: Option<Abc>,
    /// `None` where nothing was ever sold.
    pub demand: Option<Demand>,
    /// `None` where the level is unknown or nothing was ever sold.
    pub outlook: Option<Outlook>,
}

/// A product as read: its figures are still to be computed, by [`Watched::forecast`].
#[derive(Debug, Clone)]
pub struct Watched {
    product_id: ProductId,
    name: String,
    category_id: Option<CategoryId>,
    supplier_id: Option<SupplierId>,
    min_stock: Option<f64>,
    lead_time_days: i32,
    minimum_order: Option<f64>,
    pack: Option<f64>,
    level: Option<f64>,
    level_sites: Option<Vec<Option<SiteId>>>,
    site_levels: Option<Vec<f64>>,
    as_of: Option<NaiveDate>,
    history_days: Option<i32>,
    class: Option<String>,
    rate_per_day: Option<f64>,
    weekday_factors: Option<Vec<f64>>,
    dispersion: Option<f64>,
    abc: Option<String>,
    today: NaiveDate,
}

/// Every watched product of the company as of `now`, in the order of ids.
///
/// # Errors
/// The database's.
pub async fn load_watched(
    conn: &mut PgConnection,
    company: CompanyId,
    now: DateTime<Utc>,
) -> Result<Vec<Watched>> {
    Ok(sqlx::query_as!(
        Watched,
        r#"select p.id as "product_id: ProductId", p.name, p.category_id as "category_id: CategoryId",
             p.supplier_id as "supplier_id: SupplierId", p.min_stock::float8 as min_stock,
             coalesce(p.lead_time_days, s.lead_time_days, 7) as "lead_time_days!",
             p.minimum_order_quantity::float8 as minimum_order, p.pack_multiple::float8 as pack,
             l.level as "level?", l.sites as "level_sites?: Vec<Option<SiteId>>", l.levels as "site_levels?",
             d.as_of as "as_of?", d.history_days as "history_days?", d.class as "class?",
             d.rate_per_day as "rate_per_day?", d.weekday_factors as "weekday_factors?",
             d.dispersion as "dispersion?", d.abc as "abc?",
             ($2::timestamptz at time zone c.timezone)::date as "today!"
           from companies c
           join products p on p.company_id = c.id
           left join suppliers s on s.company_id = p.company_id and s.id = p.supplier_id
           left join (
             select product_id, sum(level)::float8 as level, array_agg(site_id order by site_id) as sites,
               array_agg(level::float8 order by site_id) as levels
             from stock_levels group by product_id) l on l.product_id = p.id
           left join demand d on d.company_id = p.company_id and d.product_id = p.id
           where c.id = $1 and p.active and p.archived_at is null
           order by p.id"#,
        company.0,
        now,
    )
    .fetch_all(conn)
    .await?)
}

impl Watched {
    pub fn product_id(&self) -> ProductId {
        self.product_id
    }

    /// Computes the outlook: some tens of microseconds, so a whole company is work for a thread of its own.
    pub fn forecast(self) -> Forecast {
        let demand = self.demand();
        self.forecast_with(demand)
    }

    /// The same with another demand than the company's own.
    pub fn forecast_with(self, demand: Option<Demand>) -> Forecast {
        let outlook = match (&demand, self.position()) {
            (Some(demand), Some(position)) => Some(Outlook::compute(demand, &position)),
            _ => None,
        };
        let sites = self.level_sites.unwrap_or_default();
        Forecast {
            levels: sites
                .into_iter()
                .zip(self.site_levels.unwrap_or_default())
                .collect(),
            lead_time_days: u32::try_from(self.lead_time_days).unwrap_or(0),
            abc: self.abc.as_deref().and_then(Abc::parse),
            product_id: self.product_id,
            name: self.name,
            category_id: self.category_id,
            supplier_id: self.supplier_id,
            min_stock: self.min_stock,
            level: self.level,
            demand,
            outlook,
        }
    }

    fn demand(&self) -> Option<Demand> {
        let rate = self.rate_per_day?;
        let factors: [f64; 7] = self.weekday_factors.as_deref()?.try_into().ok()?;
        Some(Demand {
            as_of: self.as_of?,
            history_days: u32::try_from(self.history_days?).ok()?,
            class: Class::parse(self.class.as_deref()?)?,
            rate: Rate {
                by_weekday: factors.map(|factor| factor * rate),
            },
            dispersion: self.dispersion?,
        })
    }

    fn position(&self) -> Option<Position> {
        Some(Position {
            today: self.today,
            level: self.level?,
            lead_time_days: u32::try_from(self.lead_time_days).ok()?,
            minimum_order: self.minimum_order.unwrap_or(0.0),
            pack: self.pack.unwrap_or(1.0),
            service_level: SERVICE_LEVEL,
        })
    }
}

/// Keeps the outlooks of `forecasts` and forgets those of products that have none any more. Rows
/// whose figures didn't move aren't written.
///
/// # Errors
/// The database's.
pub async fn save_outlooks(
    conn: &mut PgConnection,
    company: CompanyId,
    forecasts: &[Forecast],
    now: DateTime<Utc>,
) -> Result<()> {
    let kept: Vec<(&Forecast, Outlook, f64)> = forecasts
        .iter()
        .filter_map(|f| Some((f, f.outlook?, f.level?)))
        .collect();
    let ids: Vec<Uuid> = kept.iter().map(|(f, ..)| f.product_id.0).collect();
    let figure =
        |read: fn(&Outlook) -> f64| kept.iter().map(|(_, o, _)| read(o)).collect::<Vec<_>>();
    let days = |read: fn(&Outlook) -> Option<u32>| {
        let as_stored =
            |(_, o, _): &(&Forecast, Outlook, f64)| read(o).and_then(|d| i32::try_from(d).ok());
        kept.iter().map(as_stored).collect::<Vec<_>>()
    };
    let levels: Vec<f64> = kept.iter().map(|(.., level)| *level).collect();
    let urgencies: Vec<String> = kept
        .iter()
        .map(|(_, o, _)| o.urgency.as_str().to_owned())
        .collect();
    let lead_times: Vec<i32> = kept
        .iter()
        .map(|(f, ..)| i32::try_from(f.lead_time_days).unwrap_or(i32::MAX))
        .collect();
    sqlx::query!(
        "insert into outlooks as o (company_id, product_id, level, probability, days_p10, days_p50, days_p90,
           reorder_point, safety_stock, suggested_quantity, urgency, lead_time_days, service_level, computed_at)
         select $1, n.product_id, n.level, n.probability, n.p10, n.p50, n.p90, n.reorder_point, n.safety_stock,
           n.suggested, n.urgency, n.lead_time_days, $13, $14
         from unnest($2::uuid[], $3::float8[], $4::float8[], $5::int[], $6::int[], $7::int[], $8::float8[],
             $9::float8[], $10::float8[], $11::text[], $12::int[])
           as n (product_id, level, probability, p10, p50, p90, reorder_point, safety_stock, suggested, urgency, lead_time_days)
         on conflict (company_id, product_id) do update set
           level = excluded.level, probability = excluded.probability, days_p10 = excluded.days_p10,
           days_p50 = excluded.days_p50, days_p90 = excluded.days_p90, reorder_point = excluded.reorder_point,
           safety_stock = excluded.safety_stock, suggested_quantity = excluded.suggested_quantity,
           urgency = excluded.urgency, lead_time_days = excluded.lead_time_days,
           service_level = excluded.service_level, computed_at = excluded.computed_at
         where (o.level, o.probability, o.days_p10, o.days_p50, o.days_p90, o.reorder_point, o.safety_stock,
             o.suggested_quantity, o.lead_time_days, o.service_level)
           is distinct from (excluded.level, excluded.probability, excluded.days_p10, excluded.days_p50,
             excluded.days_p90, excluded.reorder_point, excluded.safety_stock, excluded.suggested_quantity,
             excluded.lead_time_days, excluded.service_level)",
        company.0,
        &ids,
        &levels,
        &figure(|o| o.probability),
        &days(|o| o.days.p10) as &[Option<i32>],
        &days(|o| o.days.p50) as &[Option<i32>],
        &days(|o| o.days.p90) as &[Option<i32>],
        &figure(|o| o.reorder_point),
        &figure(|o| o.safety_stock),
        &figure(|o| o.suggested_quantity),
        &urgencies,
        &lead_times,
        SERVICE_LEVEL,
        now,
    )
    .execute(&mut *conn)
    .await?;
    forget_others(conn, &ids).await
}

async fn forget_others(conn: &mut PgConnection, kept: &[Uuid]) -> Result<()> {
    sqlx::query!(
        "delete from outlooks o
         where not exists (select 1 from unnest($1::uuid[]) k (id) where k.id = o.product_id)",
        kept,
    )
    .execute(conn)
    .await?;
    Ok(())
}
