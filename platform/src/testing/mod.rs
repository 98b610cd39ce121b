//! What tests of every crate share: a database of their own, a clock that moves, a Redis of their own,
//! and draining the queue in process. Needs `DATABASE_URL` with the right to create databases; nothing
//! else is shared, so tests run side by side.

mod data;
mod database;
mod drain;
mod ports;
mod redis;

pub use data::data_set;
pub use database::TestDb;
pub use drain::Drain;
pub use ports::free_port;
pub use redis::TestRedis;
