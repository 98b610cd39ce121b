//! What an ad account's last days came to. Rates are of the sums, so that a large day weighs more than
//! a small one. Amounts are in the account's one currency and are never added to another account's.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

/// Lengths in days that can be asked for.
pub const PERIODS: [i32; 5] = [3, 7, 14, 30, 90];

/// The published state of an account, by period.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    pub currency: String,
    /// Every period ends with it; absent before the first refresh.
    pub last_good_day: Option<NaiveDate>,
    pub published_at: Option<DateTime<Utc>>,
    /// +1 for each publication.
    pub version: i32,
    pub periods: Vec<Period>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Period {
    pub days: i32,
    pub since: NaiveDate,
    pub until: NaiveDate,
    pub totals: Totals,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub ads: i64,
    pub impressions: i64,
    pub clicks: i64,
    pub link_clicks: i64,
    pub purchases: i64,
    pub purchase_value: Decimal,
    pub spend: Decimal,
    /// People don't add up over days and ads: the most that one ad reached on one day, so at least as
    /// many were reached.
    pub highest_reach: i64,
    /// Spend per 1,000 impressions; absent without impressions.
    pub cpm: Option<Decimal>,
    /// Clicks per impression, in percent; absent without impressions.
    pub ctr: Option<Decimal>,
}
