//! One ad on one day.

use chrono::NaiveDate;
use rust_decimal::Decimal;

/// Meta's figures of one ad on one day, with amounts in the account's currency. A figure that Meta
/// left out is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdDay {
    pub ad_id: String,
    /// In the account's zone.
    pub day: NaiveDate,
    pub ad_name: String,
    pub adset_id: String,
    pub adset_name: String,
    pub campaign_id: String,
    pub campaign_name: String,
    pub impressions: Option<i64>,
    pub clicks: Option<i64>,
    pub link_clicks: Option<i64>,
    pub purchases: Option<i64>,
    pub purchase_value: Option<Decimal>,
    pub spend: Option<Decimal>,
    /// People; not additive over days or ads.
    pub reach: Option<i64>,
}
