//! Rupture: when a product will run out, with what chance, and what to order. In reading order:
//! `history` (sales to days), `rate` and `class` (what the past says), `distribution` (how many
//! units over some days), `demand` (all of it for one product), `outlook` (demand against stock).

mod abc;
pub mod bench;
mod class;
mod demand;
mod distribution;
mod explanation;
mod history;
mod outlook;
mod rate;
mod store;
mod urgency;

#[cfg(test)]
mod accuracy;

pub use abc::{Abc, classify};
pub use class::Class;
pub use demand::{Demand, HISTORY_DAYS, dispersion};
pub use distribution::UnitDemand;
pub use explanation::is_stale;
pub use history::History;
pub use outlook::{COVERAGE_DAYS, DaysToRupture, HORIZON_DAYS, Outlook, Position, SERVICE_LEVEL};
pub use rate::{Rate, TSB_SMOOTHING, WEEKS, tsb, weekday_means};
pub use store::{
    Forecast, ListedRupture, Recomputed, Run, RunKind, RunState, RuptureFilter, Watched,
    companies_to_watch, create_run, finish_run, latest_run, list_items_of_run, list_ruptures,
    load_prediction, load_run, load_watched, note_job, recompute_demand, record_run, save_items,
    save_outlooks, study_demand,
};
pub use urgency::Urgency;

platform::id_type!(RunId, "One computation of a company's demand.");
