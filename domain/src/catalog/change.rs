//! What changes of products and of references have in common.

use chrono::{DateTime, Utc};

/// Replaces `value` where the change names it.
pub(super) fn set_changed<T>(value: &mut T, change: Option<T>) {
    if let Some(change) = change {
        *value = change;
    }
}

/// Returns when a row is archived after a change; archiving an archived row keeps the first time.
pub(super) fn archive_time(
    archived_at: Option<DateTime<Utc>>,
    change: Option<bool>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    match change {
        Some(true) => archived_at.or(Some(now)),
        Some(false) => None,
        None => archived_at,
    }
}
