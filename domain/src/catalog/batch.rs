//! Calls that recorded several facts at once, so that one can be taken back.

use chrono::{DateTime, Utc};
use platform::id_type;
use platform::ids::UserId;
use platform::money::Decimal;
use serde::Serialize;

use super::product::ProductId;
use super::reference::SiteId;

id_type!(BatchId, "Facts that one call recorded.");

/// The code of the conflict with a batch that can't be taken back.
pub(super) const NOT_REVERTIBLE: &str = "batch_not_revertible";

/// What the facts of a batch are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum BatchKind {
    Sales,
    Movements,
}

/// Facts that one call recorded. Those that it found recorded already aren't among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Batch {
    pub id: BatchId,
    pub kind: BatchKind,
    /// How many facts it recorded.
    pub facts: i64,
    pub created_at: DateTime<Utc>,
    pub created_by: Option<UserId>,
    pub request_id: Option<String>,
    pub reverted_at: Option<DateTime<Utc>>,
}

/// What taking a batch back does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchEffect {
    /// Facts that go.
    pub facts_deleted: i64,
    /// The levels that change.
    pub levels: Vec<LevelChange>,
}

/// The level of a product at a site, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LevelChange {
    pub product_id: ProductId,
    pub sku: String,
    pub site_id: Option<SiteId>,
    /// `None` = unknown.
    pub before: Option<Decimal>,
    pub after: Option<Decimal>,
}
