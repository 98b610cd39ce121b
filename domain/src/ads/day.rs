//! One ad on one day.

use chrono::NaiveDate;
use rust_decimal::Decimal;

/// Meta's figures of one ad on one day, with amounts in the account's currency.
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
    pub impressions: i64,
    pub clicks: i64,
    pub link_clicks: i64,
    pub purchases: i64,
    pub purchase_value: Decimal,
    pub spend: Decimal,
    /// People; not additive over days or ads.
    pub reach: i64,
}
