//! What tests of every crate share: a database per test, a clock that tests advance, a Redis per
//! test, and draining of the queue in process. Requires a `DATABASE_URL` with the right to create
//! databases. Tests share nothing else, so they run side by side.
//!
//! All functions panic if Postgres or Redis can't be reached.

mod case;
mod data;
mod database;
mod drain;
mod ports;
mod redis;
mod spreadsheet;

pub use case::import_case;
pub use data::data_set;
pub use database::TestDb;
pub use drain::Drain;
pub use ports::free_port;
pub use redis::TestRedis;
pub use spreadsheet::{
    RELATIONS_PART, SHEET_PART, STYLES_PART, SheetCell, Spreadsheet, TEXTS_PART, WORKBOOK_PART,
    build_bomb, build_workbook,
};
