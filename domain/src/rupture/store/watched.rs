//! Watched products: one statement reads them with their levels and their demand, the figures are
//! computed from that without the database.

use chrono::{DateTime, NaiveDate, Utc};
use platform::ids::CompanyId;
use sqlx::PgConnection;

use crate::Result;
use crate::catalog::{CategoryId, ProductId, SiteId, SupplierId};
use crate::rupture::{Abc, Class, Demand, Outlook, Position, Rate, SERVICE_LEVEL};

/// A product with everything that an evaluation reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    pub product_id: ProductId,
    pub name: String,
    pub category_id: Option<CategoryId>,
    pub supplier_id: Option<SupplierId>,
    pub min_stock: Option<f64>,
    /// Over all sites; `None` = unknown, which is neither zero nor rupture.
    pub level: Option<f64>,
    /// The level by site; `None` stands for the stock without a site.
    pub levels: Vec<(Option<SiteId>, f64)>,
    pub lead_time_days: u32,
    pub abc: Option<Abc>,
    /// `None` where nothing was ever sold.
    pub demand: Option<Demand>,
    /// `None` where the level is unknown or nothing was ever sold.
    pub outlook: Option<Outlook>,
}

/// A product as it is read, before [`Watched::forecast`] computes its figures.
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
    class: Option<Class>,
    rate_per_day: Option<f64>,
    weekday_factors: Option<Vec<f64>>,
    dispersion: Option<f64>,
    abc: Option<Abc>,
    today: NaiveDate,
}

/// Loads every active product of the company as of `now`, in order of id.
pub async fn load_watched(
    conn: &mut PgConnection,
    company: CompanyId,
    now: DateTime<Utc>,
) -> Result<Vec<Watched>> {
    Ok(sqlx::query_as!(
        Watched,
        r#"select p.id as "product_id: _", p.name, p.category_id as "category_id: _",
             p.supplier_id as "supplier_id: _", p.min_stock::float8 as min_stock,
             coalesce(p.lead_time_days, s.lead_time_days, 7) as "lead_time_days!",
             p.minimum_order_quantity::float8 as minimum_order, p.pack_multiple::float8 as pack,
             l.level as "level?", l.sites as "level_sites?: _", l.levels as "site_levels?",
             d.as_of as "as_of?", d.history_days as "history_days?", d.class as "class?: _",
             d.rate_per_day as "rate_per_day?", d.weekday_factors as "weekday_factors?",
             d.dispersion as "dispersion?", d.abc as "abc?: _",
             ($2::timestamptz at time zone c.timezone)::date as "today!"
           from companies c
           join products p on p.company_id = c.id
           left join suppliers s on s.company_id = p.company_id and s.id = p.supplier_id
           left join (
             select product_id, sum(level)::float8 as level,
               array_agg(site_id order by site_id) as sites,
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

    /// Computes the outlook. It takes some tens of microseconds, so a whole company needs a
    /// blocking thread.
    pub fn forecast(self) -> Forecast {
        let demand = self.stored_demand();
        self.forecast_with(demand)
    }

    /// Computes the outlook that another demand than the stored one would have.
    pub fn forecast_with(self, demand: Option<Demand>) -> Forecast {
        let outlook = match (&demand, self.stock_position()) {
            (Some(demand), Some(position)) => Some(Outlook::compute(demand, &position)),
            _ => None,
        };
        let sites = self.level_sites.into_iter().flatten();
        Forecast {
            levels: sites.zip(self.site_levels.into_iter().flatten()).collect(),
            lead_time_days: self.lead_time_days.unsigned_abs(),
            abc: self.abc,
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

    /// Returns `None` for a product without a row in `demand`, whose columns are null together.
    fn stored_demand(&self) -> Option<Demand> {
        let rate = self.rate_per_day?;
        // The table's check keeps the factors at seven.
        let factors: [f64; 7] = self.weekday_factors.as_deref()?.try_into().ok()?;
        Some(Demand {
            as_of: self.as_of?,
            history_days: self.history_days?.unsigned_abs(),
            class: self.class?,
            rate: Rate {
                by_weekday: factors.map(|factor| factor * rate),
            },
            dispersion: self.dispersion?,
        })
    }

    fn stock_position(&self) -> Option<Position> {
        Some(Position {
            today: self.today,
            level: self.level?,
            lead_time_days: self.lead_time_days.unsigned_abs(),
            minimum_order: self.minimum_order.unwrap_or(0.0),
            pack: self.pack.unwrap_or(1.0),
            service_level: SERVICE_LEVEL,
        })
    }
}
