//! Every query of the area: demand from sales, outlooks from demand and levels, runs. Store
//! functions fail with `Error::Database` when a statement fails.

mod demand;
mod figures;
mod item;
mod list;
mod outlook;
mod run;
mod sold_days;
mod watched;

pub use demand::{recompute_demand, study_demand};
pub use item::{list_items_of_run, save_items};
pub use list::{ListedRupture, RuptureFilter, list_ruptures, load_prediction};
pub use outlook::save_outlooks;
pub use run::{
    create_run, finish_run, latest_run, list_watched_companies, note_job, record_run, require_run,
};
pub use watched::{Forecast, Watched, load_watched};
