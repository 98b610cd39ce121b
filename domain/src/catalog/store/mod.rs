//! Every query of the area, by noun. Lists are in order of id: references and products by the time they
//! were made, facts latest first.

pub(super) mod levels;
mod lines;
pub(super) mod movements;
pub(super) mod netting;
pub(super) mod plan;
pub(super) mod products;
pub(super) mod references;
pub(super) mod sales;

use crate::{Error, Result};

/// What a call wrote: its facts in the order given, of which `created` are new and the rest were known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded<T> {
    pub items: Vec<T>,
    pub created: u64,
}

/// Refuses a change made from another version than the current one. A change that names no version is
/// taken as it is.
fn check_version(current: i32, named: [Option<i32>; 2]) -> Result<()> {
    if named
        .into_iter()
        .flatten()
        .any(|version| version != current)
    {
        return Err(Error::conflict(
            "version_mismatch",
            "changed since it was read; read it again",
        ));
    }
    Ok(())
}
