//! Predictions: runs, and the products that will run out.

use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, NaiveDate, Utc};
use domain::catalog::ProductId;
use domain::identity::{self, Language, Role};
use domain::rupture::{self, Class, ListedRupture, Run, RunId, RunState, RuptureFilter, Urgency};
use jobs::rupture::RunPrediction;
use platform::db::Tx;
use platform::ids::Uuid;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::extract::{Path, Query};
use crate::idempotency::{Keyed, Outcome};
use crate::pagination::{List, Page};

const DEFAULT_HORIZON: u32 = 15;

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/predictions/runs", post(start_run))
        .route("/predictions/runs/{id}", get(show_run))
        .route("/predictions/ruptures", get(list_ruptures))
        .route("/products/{id}/prediction", get(show_prediction))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRun {
    as_of: Option<NaiveDate>,
    horizon_days: Option<u32>,
}

#[derive(Debug, Serialize)]
struct RunBody {
    id: RunId,
    state: RunState,
    as_of: Option<NaiveDate>,
    data_through: Option<NaiveDate>,
    horizon_days: u32,
    /// Products whose demand is known.
    products: Option<i32>,
    service_level: f64,
    /// False for a study as of another day: its items are at `/predictions/ruptures?run=`.
    live: bool,
    error: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<Run> for RunBody {
    fn from(run: Run) -> Self {
        Self {
            id: run.id,
            state: run.state,
            as_of: run.as_of.or(run.asked_as_of),
            data_through: run.data_through,
            horizon_days: run.horizon_days,
            products: run.products,
            service_level: rupture::SERVICE_LEVEL,
            live: run.live,
            error: run.error,
            created_at: run.created_at,
            finished_at: run.finished_at,
        }
    }
}

async fn start_run(
    State(app): State<App>,
    caller: Caller,
    Keyed { value: body, key }: Keyed<NewRun>,
) -> Result<Response> {
    caller.require(Role::Member)?;
    if body.as_of.is_some_and(|day| day > caller.now.date_naive()) {
        return Err(Error::invalid_field(
            "as_of",
            "in_the_future",
            "a prediction is made as of a day that has been",
        ));
    }
    let horizon = body.horizon_days.unwrap_or(DEFAULT_HORIZON);
    let mut tx = caller.begin(&app).await?;
    let outcome = match key.claim(&mut tx, &caller).await? {
        Some(replay) => replay,
        None => {
            let user = Some(caller.user);
            let id = rupture::create_run(
                &mut tx,
                caller.company,
                user,
                body.as_of,
                horizon,
                caller.now,
            )
            .await?;
            let job = jobs::job(caller.company, &RunPrediction { run_id: id }).by(caller.user);
            let job = tx.enqueue(job).await?.id();
            rupture::note_job(&mut tx, id, job).await?;
            let outcome = Outcome::accepted(
                format!("/api/v1/predictions/runs/{id}"),
                json!({"id": id, "job": job}),
            );
            key.settle(&mut tx, &caller, outcome).await?
        }
    };
    let run = RunBody::from(rupture::load_run(&mut tx, outcome.id()?).await?);
    tx.commit().await?;
    let job = json!({"id": outcome.id_of::<Uuid>("job")?, "state": "queued"});
    Ok(outcome.respond(&json!({"run": run, "job": job})))
}

async fn show_run(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<RunId>,
) -> Result<Json<RunBody>> {
    let mut tx = caller.begin(&app).await?;
    Ok(Json(rupture::load_run(&mut tx, id).await?.into()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuptureQuery {
    /// What this run found, instead of what holds now.
    run: Option<RunId>,
    horizon_days: Option<u32>,
    min_probability: Option<f64>,
}

#[derive(Debug, Serialize)]
struct ProductBody {
    id: ProductId,
    sku: String,
    name: String,
    unit: String,
}

#[derive(Debug, Serialize)]
struct DaysBody {
    p10: Option<i32>,
    p50: Option<i32>,
    p90: Option<i32>,
}

/// Figures of stock are null while the level is unknown.
#[derive(Debug, Serialize)]
struct RuptureBody {
    product: ProductBody,
    level: Option<String>,
    rate_per_day: String,
    class: Class,
    days_to_rupture: DaysBody,
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

/// What is the same for all items of an answer.
struct Told {
    data_through: Option<NaiveDate>,
    stale: bool,
    language: Language,
}

impl Told {
    /// Of the run asked for, else of the one that holds now.
    async fn read(tx: &mut Tx, caller: &Caller, asked: Option<Run>) -> Result<(Self, Option<Run>)> {
        let run = match asked {
            Some(run) => Some(run),
            None => rupture::latest_run(tx).await?,
        };
        let data_through = run.as_ref().and_then(|run| run.data_through);
        let language = identity::companies::require_company(tx, caller.company)
            .await?
            .language;
        Ok((
            Self {
                data_through,
                stale: rupture::is_stale(data_through, caller.now),
                language,
            },
            run,
        ))
    }

    fn body(&self, item: ListedRupture) -> RuptureBody {
        let explanation = item.explanation(self.language);
        RuptureBody {
            product: ProductBody {
                id: item.product_id,
                sku: item.sku,
                name: item.name,
                unit: item.unit,
            },
            level: item.level.map(quantity),
            rate_per_day: quantity(item.rate_per_day),
            class: item.class,
            days_to_rupture: DaysBody {
                p10: item.days_p10,
                p50: item.days_p50,
                p90: item.days_p90,
            },
            probability: item.probability,
            urgency: item.urgency,
            reorder_point: item.reorder_point.map(quantity),
            safety_stock: item.safety_stock.map(quantity),
            suggested_quantity: item.suggested_quantity.map(quantity),
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

fn quantity(units: f64) -> String {
    format!("{units:.3}")
}

#[derive(Debug, Serialize)]
struct RuptureList {
    #[serde(flatten)]
    list: List<RuptureBody>,
    /// The run asked for, else what the demand comes from; null before the first.
    run: Option<RunBody>,
}

async fn list_ruptures(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<RuptureQuery>,
    page: Page,
) -> Result<Json<RuptureList>> {
    if query
        .horizon_days
        .is_some_and(|days| !(1..=rupture::HORIZON_DAYS).contains(&days))
    {
        return Err(Error::invalid_field(
            "horizon_days",
            "out_of_range",
            "must be from 1 to 365",
        ));
    }
    if query
        .min_probability
        .is_some_and(|p| !(0.0..=1.0).contains(&p))
    {
        return Err(Error::invalid_field(
            "min_probability",
            "out_of_range",
            "must be from 0 to 1",
        ));
    }
    let mut tx = caller.begin(&app).await?;
    let asked = match query.run {
        Some(run) => Some(rupture::load_run(&mut tx, run).await?),
        None => None,
    };
    let horizon = query
        .horizon_days
        .or(asked.as_ref().map(|run| run.horizon_days))
        .unwrap_or(DEFAULT_HORIZON);
    let filter = RuptureFilter {
        horizon_days: i32::try_from(horizon).unwrap_or(i32::MAX),
        min_probability: query.min_probability,
        after: page.after()?,
        limit: page.rows(),
    };
    let rows = match &asked {
        Some(run) => rupture::list_items_of_run(&mut tx, run.id, &filter).await?,
        None => rupture::list_ruptures(&mut tx, &filter).await?,
    };
    let (told, run) = Told::read(&mut tx, &caller, asked).await?;
    let list =
        List::cut(rows, &page, |row| (row.days_p50, row.product_id)).map(|row| told.body(row));
    Ok(Json(RuptureList {
        list,
        run: run.map(RunBody::from),
    }))
}

async fn show_prediction(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<ProductId>,
) -> Result<Json<RuptureBody>> {
    let mut tx = caller.begin(&app).await?;
    let item = rupture::load_prediction(&mut tx, id).await?;
    let (told, _) = Told::read(&mut tx, &caller, None).await?;
    Ok(Json(told.body(item)))
}
