//! Products that will run out, and the prediction of one product.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use domain::catalog::ProductId;
use domain::identity::{self, Language};
use domain::rupture::{self, Class, ListedRupture, Run, RunId, RuptureFilter, Urgency};
use platform::db::Tx;
use serde::{Deserialize, Serialize};

use super::DEFAULT_HORIZON_DAYS;
use super::runs::RunResponse;
use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::{Path, Query};
use crate::pagination::{List, Page};

/// Figures of stock are null while the level is unknown.
#[derive(Debug, Serialize)]
pub(super) struct RuptureResponse {
    product: ProductReference,
    level: Option<String>,
    rate_per_day: String,
    class: Class,
    days_to_rupture: DaysToRupture,
    probability: Option<f64>,
    urgency: Option<Urgency>,
    reorder_point: Option<String>,
    safety_stock: Option<String>,
    suggested_quantity: Option<String>,
    lead_time_days: Option<i32>,
    service_level: Option<f64>,
    as_of: NaiveDate,
    data_through: Option<NaiveDate>,
    stale: bool,
    computed_at: Option<DateTime<Utc>>,
    explanation: String,
}

#[derive(Debug, Serialize)]
struct ProductReference {
    id: ProductId,
    sku: String,
    name: String,
    unit: String,
}

/// Quantiles, in days.
#[derive(Debug, Serialize)]
struct DaysToRupture {
    p10: Option<i32>,
    p50: Option<i32>,
    p90: Option<i32>,
}

/// What all items of a response share.
struct RunContext {
    data_through: Option<NaiveDate>,
    stale: bool,
    language: Language,
}

impl RunContext {
    async fn load(tx: &mut Tx, caller: &Caller, run: Option<&Run>) -> Result<Self> {
        let data_through = run.and_then(|run| run.data_through);
        let company = identity::companies::require_company(tx, caller.company).await?;
        Ok(Self {
            data_through,
            stale: rupture::is_stale(data_through, caller.now),
            language: company.language,
        })
    }

    fn describe(&self, item: ListedRupture) -> RuptureResponse {
        let explanation = item.explanation(self.language);
        RuptureResponse {
            product: ProductReference {
                id: item.product_id,
                sku: item.sku,
                name: item.name,
                unit: item.unit,
            },
            level: item.level.map(format_quantity),
            rate_per_day: format_quantity(item.rate_per_day),
            class: item.class,
            days_to_rupture: DaysToRupture {
                p10: item.days_p10,
                p50: item.days_p50,
                p90: item.days_p90,
            },
            probability: item.probability,
            urgency: item.urgency,
            reorder_point: item.reorder_point.map(format_quantity),
            safety_stock: item.safety_stock.map(format_quantity),
            suggested_quantity: item.suggested_quantity.map(format_quantity),
            lead_time_days: item.lead_time_days,
            service_level: item.service_level,
            as_of: item.as_of,
            data_through: self.data_through,
            stale: self.stale,
            computed_at: item.computed_at,
            explanation,
        }
    }
}

fn format_quantity(units: f64) -> String {
    format!("{units:.3}")
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuptureQuery {
    /// Lists the items of this run instead of the live ones.
    run: Option<RunId>,
    horizon_days: Option<u32>,
    min_probability: Option<f64>,
}

impl RuptureQuery {
    fn validate(&self) -> Result<()> {
        let horizons = 1..=rupture::HORIZON_DAYS;
        if self
            .horizon_days
            .is_some_and(|days| !horizons.contains(&days))
        {
            return Err(out_of_range("horizon_days", "must be from 1 to 365"));
        }
        if self
            .min_probability
            .is_some_and(|p| !(0.0..=1.0).contains(&p))
        {
            return Err(out_of_range("min_probability", "must be from 0 to 1"));
        }
        Ok(())
    }
}

fn out_of_range(field: &str, message: &str) -> Error {
    Error::invalid_field(field, "out_of_range", message)
}

#[derive(Debug, Serialize)]
pub(super) struct RuptureListResponse {
    #[serde(flatten)]
    list: List<RuptureResponse>,
    /// The requested run, else the one that computed the live demand; null before the first.
    run: Option<RunResponse>,
}

pub(super) async fn list_ruptures(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<RuptureQuery>,
    page: Page,
) -> Result<Json<RuptureListResponse>> {
    query.validate()?;
    let mut tx = caller.begin(&app).await?;
    let requested = match query.run {
        Some(run) => Some(rupture::require_run(&mut tx, run).await?),
        None => None,
    };
    let rows = load_rows(&mut tx, &query, requested.as_ref(), &page).await?;
    let run = match requested {
        Some(run) => Some(run),
        None => rupture::latest_run(&mut tx).await?,
    };
    let context = RunContext::load(&mut tx, &caller, run.as_ref()).await?;
    let list = List::from_rows(rows, &page, |row| (row.days_p50, row.product_id));
    Ok(Json(RuptureListResponse {
        list: list.map_items(|row| context.describe(row)),
        run: run.map(RunResponse::from),
    }))
}

async fn load_rows(
    tx: &mut Tx,
    query: &RuptureQuery,
    run: Option<&Run>,
    page: &Page,
) -> Result<Vec<ListedRupture>> {
    let horizon = query
        .horizon_days
        .or(run.map(|run| run.horizon_days))
        .unwrap_or(DEFAULT_HORIZON_DAYS);
    let filter = RuptureFilter {
        horizon_days: i32::try_from(horizon).unwrap_or(i32::MAX),
        min_probability: query.min_probability,
        after: page.decode_cursor()?,
        limit: page.row_limit(),
    };
    Ok(match run {
        Some(run) => rupture::list_items_of_run(tx, run.id, &filter).await?,
        None => rupture::list_ruptures(tx, &filter).await?,
    })
}

pub(super) async fn show_prediction(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ProductId>,
) -> Result<Json<RuptureResponse>> {
    let mut tx = caller.begin(&app).await?;
    let item = rupture::load_prediction(&mut tx, id).await?;
    let run = rupture::latest_run(&mut tx).await?;
    let context = RunContext::load(&mut tx, &caller, run.as_ref()).await?;
    Ok(Json(context.describe(item)))
}
