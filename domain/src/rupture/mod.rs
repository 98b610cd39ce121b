//! Rupture: when a product will run out, with what probability, and what to order. In reading
//! order: `history` (sales to days), `rate` and `class` (what the past shows), `distribution` (how
//! many units over some days), `demand` (all of it for one product), `outlook` (demand against
//! stock).

mod abc;
pub mod bench;
mod class;
mod demand;
mod distribution;
mod explanation;
mod history;
mod outlook;
mod rate;
mod run;
mod store;
mod urgency;

#[cfg(test)]
mod accuracy;

pub use abc::Abc;
pub use class::Class;
pub use demand::Demand;
pub use explanation::is_stale;
pub use history::History;
pub use outlook::{DaysToRupture, HORIZON_DAYS, Outlook, SERVICE_LEVEL};
pub use run::{Run, RunId, RunKind, RunState};
pub use store::{
    Forecast, ListedRupture, RuptureFilter, Watched, create_run, finish_run, latest_run,
    list_items_of_run, list_ruptures, list_watched_companies, load_prediction, load_watched,
    note_job, recompute_demand, record_run, require_run, save_items, save_outlooks, study_demand,
};
pub use urgency::Urgency;

use distribution::UnitDemand;
use outlook::Position;
use rate::Rate;
