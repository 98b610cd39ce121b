//! Every query of the area: demand out of sales, outlooks out of demand and levels, runs.

mod demand;
mod list;
mod outlook;
mod run;

pub use demand::{Recomputed, recompute_demand};
pub use list::{ListedRupture, RuptureFilter, list_ruptures, load_prediction};
pub use outlook::{Forecast, Watched, load_watched, save_outlooks};
pub use run::{Run, RunState, companies_to_watch, create_run, fail_run, finish_run, latest_run, load_run, record_run};
