//! Every query of the area: demand out of sales, outlooks out of demand and levels, runs.

mod demand;
mod item;
mod list;
mod outlook;
mod run;

pub use demand::{Recomputed, recompute_demand, study_demand};
pub use item::{list_items_of_run, save_items};
pub use list::{ListedRupture, RuptureFilter, list_ruptures, load_prediction};
pub use outlook::{Forecast, Watched, load_watched, save_outlooks};
pub use run::{
    Run, RunKind, RunState, companies_to_watch, create_run, finish_run, latest_run, load_run,
    note_job, record_run,
};
