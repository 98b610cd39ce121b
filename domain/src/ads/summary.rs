//! The totals of an ad account's last days. Rates are computed from the sums, so that a large day
//! weighs more than a small one. Amounts are in the account's currency and are never added to
//! another account's.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

/// Lengths in days that a summary can have.
pub const PERIOD_DAYS: [i32; 5] = [3, 7, 14, 30, 90];

/// The published state of an account, by period.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    pub currency: String,
    /// The last day of every period; absent before the first refresh.
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

/// Sums of the figures that Meta has reported. A sum is absent where no row has the figure, and
/// `missing` counts the rows without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Totals {
    pub ads: i64,
    pub impressions: Option<i64>,
    pub clicks: Option<i64>,
    pub link_clicks: Option<i64>,
    pub purchases: Option<i64>,
    pub purchase_value: Option<Decimal>,
    pub spend: Option<Decimal>,
    /// The most people that one ad reached on one day. People don't add up over days and ads, so
    /// that the true reach is at least as high.
    pub highest_reach: Option<i64>,
    /// Spend per 1,000 impressions, of the rows that have both; absent without impressions.
    pub cpm: Option<Decimal>,
    /// Clicks per impression, in percent, of the rows that have both; absent without impressions.
    pub ctr: Option<Decimal>,
    pub missing: MissingFigures,
}

/// Rows, each of one ad and day, without a figure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MissingFigures {
    pub impressions: i64,
    pub clicks: i64,
    pub link_clicks: i64,
    pub purchases: i64,
    pub purchase_value: i64,
    pub spend: i64,
    pub reach: i64,
}
