//! Sale lines. The quantity of a sale is positive, that of a return or a cancellation negative. For
//! an adjustment (a line of a sales file that sells nothing) it is the change of stock. A cancelled
//! line stays with its status; it counts neither as demand nor as a movement of stock.

use chrono::{DateTime, NaiveDate, Utc};
use platform::id_type;
use platform::ids::{UserId, Uuid};
use platform::money::Decimal;
use serde::{Deserialize, Serialize};

use super::fact_source::FactSource;
use super::product::{CustomerId, ProductId};
use super::reference::SiteId;

id_type!(SaleId, "One sale line.");

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum SaleKind {
    #[default]
    Sale,
    Return,
    Cancellation,
    Adjustment,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum SaleStatus {
    #[default]
    Delivered,
    Pending,
    Cancelled,
}

/// A sale line as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sale {
    pub id: SaleId,
    pub product_id: ProductId,
    pub customer_id: Option<CustomerId>,
    pub site_id: Option<SiteId>,
    pub kind: SaleKind,
    pub status: SaleStatus,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub amount: Decimal,
    pub currency: String,
    /// The quantity that later returns and cancellations undo.
    pub netted_quantity: Decimal,
    pub sold_at: DateTime<Utc>,
    /// The day of `sold_at` in the company's zone when the line was entered.
    pub day: NaiveDate,
    pub document: Option<String>,
    pub external_id: Option<String>,
    pub due_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub cancelled_at: Option<DateTime<Utc>>,
    pub source: FactSource,
    pub import_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    /// The person who entered it or whose API key did; of an import, who sent the last file that
    /// changed it.
    pub created_by: Option<UserId>,
    /// The request that entered it, as in the audit log and in `X-Request-ID`.
    pub request_id: Option<String>,
}

/// Which sale lines a list shows; `from` and `to` are days, both included.
#[derive(Debug, Clone, Default)]
pub struct SaleFilter {
    pub product_id: Option<ProductId>,
    pub customer_id: Option<CustomerId>,
    pub document: Option<String>,
    pub status: Option<SaleStatus>,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}
