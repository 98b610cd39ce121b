//! One company never reaches another's rows: by the shape of the tables, and by trying every route.

mod naming;
mod tables;
mod walk;
