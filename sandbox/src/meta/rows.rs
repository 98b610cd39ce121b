//! Daily figures that depend on account, ad and day only. Two reads return the same rows, so a test
//! can distinguish a duplicate row from a missing one.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::accounts::ACCOUNTS;
use crate::clock::read_clock;

/// Each campaign has two ads, each in its own ad set.
const CAMPAIGNS: [&str; 2] = ["Promo rentrée", "Toujours en stock"];
const ADS: [&str; 2] = [
    "video_promo_awa_25-34_choc",
    "image_promo_studio_18-24_question",
];

/// What one row aggregates, by Meta's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Account,
    Campaign,
    AdSet,
    Ad,
}

impl Level {
    pub(super) fn parse(word: &str) -> Option<Self> {
        serde_json::from_value(json!(word)).ok()
    }
}

/// Returns the rows from `since` to `until`, both included. Future days have no rows. An ad was not
/// shown, and has no row, on about one day in ten.
pub(super) fn report_rows(
    account: &str,
    since: NaiveDate,
    until: NaiveDate,
    level: Level,
) -> Vec<Value> {
    let today = read_clock().date_naive();
    let days = since
        .iter_days()
        .take_while(|day| *day <= until && *day <= today);
    days.flat_map(|day| day_rows(account, day, level)).collect()
}

fn day_rows(account: &str, day: NaiveDate, level: Level) -> Vec<Value> {
    let figures_of =
        |(campaign, ad): &(usize, usize)| Figures::compute(account, day, *campaign, *ad);
    let ads: Vec<(usize, usize)> = (0..CAMPAIGNS.len())
        .flat_map(|c| (0..ADS.len()).map(move |a| (c, a)))
        .collect();
    let groups: Vec<Vec<(usize, usize)>> = match level {
        Level::Account => vec![ads],
        Level::Campaign => ads.chunks(ADS.len()).map(<[_]>::to_vec).collect(),
        Level::AdSet | Level::Ad => ads.into_iter().map(|ad| vec![ad]).collect(),
    };
    let row = |group: Vec<(usize, usize)>| {
        let figures = group.iter().filter_map(figures_of).reduce(Figures::add)?;
        Some(figures.to_row(account, day, level, group[0]))
    };
    groups.into_iter().filter_map(row).collect()
}

#[derive(Clone, Copy)]
struct Figures {
    impressions: u64,
    clicks: u64,
    link_clicks: u64,
    reach: u64,
    spend: u64,
    purchases: u64,
    value: u64,
}

impl Figures {
    fn compute(account: &str, day: NaiveDate, campaign: usize, ad: usize) -> Option<Self> {
        let hash = Sha256::digest(format!("{account} {day} {campaign} {ad}"));
        let byte = |at: usize| u64::from(hash[at]);
        if byte(0) < 26 {
            return None;
        }
        let impressions = 500 + byte(1) * 20;
        let clicks = impressions * (5 + byte(2) % 20) / 1000;
        let purchases = clicks * (byte(3) % 10) / 100;
        Some(Self {
            impressions,
            clicks,
            link_clicks: clicks * 3 / 4,
            reach: impressions * 4 / 5,
            spend: 1000 + byte(4) * 40,
            purchases,
            value: purchases * (5000 + byte(5) * 50),
        })
    }

    /// Adds figures. Reach is not additive: the larger reach is a lower bound.
    fn add(self, other: Self) -> Self {
        Self {
            impressions: self.impressions + other.impressions,
            clicks: self.clicks + other.clicks,
            link_clicks: self.link_clicks + other.link_clicks,
            reach: self.reach.max(other.reach),
            spend: self.spend + other.spend,
            purchases: self.purchases + other.purchases,
            value: self.value + other.value,
        }
    }

    /// Returns a row in Meta's form: numbers are text, and purchases are left out if there are
    /// none.
    fn to_row(
        self,
        account: &str,
        day: NaiveDate,
        level: Level,
        (campaign, ad): (usize, usize),
    ) -> Value {
        let currency = ACCOUNTS
            .iter()
            .find(|(number, ..)| *number == account)
            .map_or("XOF", |(_, _, c, _)| c);
        let mut row = json!({
            "account_id": account,
            "account_currency": currency,
            "date_start": day,
            "date_stop": day,
            "impressions": self.impressions.to_string(),
            "clicks": self.clicks.to_string(),
            "inline_link_clicks": self.link_clicks.to_string(),
            "reach": self.reach.to_string(),
            "spend": self.spend.to_string(),
        });
        if self.purchases > 0 {
            let count =
                |kind: &str| json!({"action_type": kind, "value": self.purchases.to_string()});
            let value = |kind: &str| json!({"action_type": kind, "value": self.value.to_string()});
            row["actions"] = json!([count("omni_purchase"), count("purchase")]);
            row["action_values"] = json!([value("omni_purchase"), value("purchase")]);
        }
        if level != Level::Account {
            row["campaign_id"] = json!(format!("{account}{campaign}"));
            row["campaign_name"] = json!(CAMPAIGNS[campaign]);
        }
        if matches!(level, Level::AdSet | Level::Ad) {
            row["adset_id"] = json!(format!("{account}{campaign}{ad}1"));
            row["adset_name"] = json!(format!("{} / {}", CAMPAIGNS[campaign], ad + 1));
        }
        if level == Level::Ad {
            row["ad_id"] = json!(format!("{account}{campaign}{ad}2"));
            row["ad_name"] = json!(ADS[ad]);
        }
        row
    }
}
