//! Stock as a ledger. The level is a function of the set of facts, whatever their order of arrival:
//! the latest count plus what moved after it; a count stands after the facts of its instant, and of
//! two counts of one instant the later entered one holds. Without a count it is the sum since the
//! first entry, with all facts of its instant.
//! Before either it is unknown, which is neither zero nor rupture.
//!
//! A fact bears on its site once the site is tracked (counted or entered), else on the stock
//! without a site. Where only sites are counted, the stock without a site begins at zero with the
//! latest of their counts. So the total of a shop that counts by site and sells without naming one
//! still falls.
//!
//! The cache of levels follows each fact without reading the others (`store/levels.rs`).

use chrono::{DateTime, NaiveDate, Utc};
use platform::ids::{UserId, Uuid};
use platform::money::Decimal;
use serde::Serialize;

use super::fact_source::FactSource;
use super::movement::MovementKind;
use super::product::ProductId;
use super::reference::SiteId;

/// One line of the ledger: a movement, or a sale line as it moves stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerEntry {
    pub id: Uuid,
    pub product_id: ProductId,
    pub site_id: Option<SiteId>,
    pub kind: LedgerKind,
    /// The change of the level; for a count the level itself.
    pub quantity: Decimal,
    pub at: DateTime<Utc>,
    /// The day of `at` in the company's zone when the fact was entered.
    pub day: NaiveDate,
    /// The reference of a movement, the document of a sale.
    pub reference: Option<String>,
    pub reason: Option<String>,
    pub source: FactSource,
    pub import_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    /// The person who entered it or whose API key did; of an import, who sent the last file that
    /// changed it.
    pub created_by: Option<UserId>,
    /// The request that entered it.
    pub request_id: Option<String>,
}

/// A movement's kind, or `Sale` for every kind of sale line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum LedgerKind {
    Entry,
    Exit,
    Return,
    Adjustment,
    Count,
    Sale,
}

impl From<MovementKind> for LedgerKind {
    fn from(kind: MovementKind) -> Self {
        match kind {
            MovementKind::Entry => Self::Entry,
            MovementKind::Exit => Self::Exit,
            MovementKind::Return => Self::Return,
            MovementKind::Adjustment => Self::Adjustment,
            MovementKind::Count => Self::Count,
        }
    }
}

/// The known stock of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stock {
    pub product_id: ProductId,
    /// The sum over sites; `None` = unknown.
    pub level: Option<Decimal>,
    /// The first count or entry.
    pub tracked_since: Option<DateTime<Utc>>,
    pub sites: Vec<SiteStock>,
}

/// The stock of a product at one site, or without a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteStock {
    pub site_id: Option<SiteId>,
    pub level: Decimal,
    pub tracked_since: DateTime<Utc>,
    /// The count (`counted`), else the first entry, from which the level is computed.
    pub anchored_at: DateTime<Utc>,
    pub counted: bool,
}
