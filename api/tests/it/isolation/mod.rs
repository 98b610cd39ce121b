//! No company reaches the rows of another: tested by the tables' definitions and by every route.

mod foreign_ids;
mod route_walk;
mod tables;
