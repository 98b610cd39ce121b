//! No company reaches the rows of another: tested by the tables' definitions and by every route.

mod foreign_ids;
mod route_walk;
mod staging;
mod tables;

pub(crate) use route_walk::{WITHOUT_COMPANY, acts_in_a_company};
