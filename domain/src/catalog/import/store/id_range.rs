//! The ids that the rows of an import may have. The ids of facts are made while their file is
//! staged and begin with that time, so that the rows of an import are found by a range of the
//! primary key. No index over imports is needed.

use chrono::{DateTime, Duration, Utc};
use platform::ids::Uuid;

/// How far the clock of the worker that made the ids may have been from that of the database.
const CLOCK_TOLERANCE: Duration = Duration::hours(24);

/// From `first` to before `last`.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdRange {
    pub(super) first: Uuid,
    pub(super) last: Uuid,
}

impl IdRange {
    pub(super) const ALL: Self = Self {
        first: Uuid::nil(),
        last: Uuid::max(),
    };

    /// Returns the ids of the rows of an import that worked in this time.
    pub(super) fn of_import(started: DateTime<Utc>, ended: DateTime<Utc>) -> Self {
        Self {
            first: first_id_at(started - CLOCK_TOLERANCE),
            last: first_id_at(ended + CLOCK_TOLERANCE),
        }
    }
}

/// Returns the smallest id of this millisecond (RFC 9562, version 7).
fn first_id_at(at: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(at.timestamp_millis()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}
