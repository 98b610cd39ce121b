//! Daily figures that follow from account, ad and day alone, so that two reads give the same and a
//! test can tell a row that came twice from one that is missing.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::accounts::ACCOUNTS;
use crate::clock::now;

/// Each campaign has two ads, in an ad set of its own.
const CAMPAIGNS: [&str; 2] = ["Promo rentrée", "Toujours en stock"];
const ADS: [&str; 2] = [
    "video_promo_awa_25-34_choc",
    "image_promo_studio_18-24_question",
];

/// What one row is about, in Meta's words.
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

/// The rows from day to day, both included; days to come have none, and neither has one day in ten
/// of each ad, when it wasn't shown.
pub(super) fn rows(account: &str, since: NaiveDate, until: NaiveDate, level: Level) -> Vec<Value> {
    let today = now().date_naive();
    let days = since
        .iter_days()
        .take_while(|day| *day <= until && *day <= today);
    days.flat_map(|day| of_day(account, day, level)).collect()
}

fn of_day(account: &str, day: NaiveDate, level: Level) -> Vec<Value> {
    let shown = |(campaign, ad): &(usize, usize)| Figures::of(account, day, *campaign, *ad);
    let ads: Vec<(usize, usize)> = (0..CAMPAIGNS.len())
        .flat_map(|c| (0..ADS.len()).map(move |a| (c, a)))
        .collect();
    let groups: Vec<Vec<(usize, usize)>> = match level {
        Level::Account => vec![ads],
        Level::Campaign => ads.chunks(ADS.len()).map(<[_]>::to_vec).collect(),
        Level::AdSet | Level::Ad => ads.into_iter().map(|ad| vec![ad]).collect(),
    };
    let row = |group: Vec<(usize, usize)>| {
        let figures = group.iter().filter_map(shown).reduce(Figures::plus)?;
        Some(figures.row(account, day, level, group[0]))
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
    fn of(account: &str, day: NaiveDate, campaign: usize, ad: usize) -> Option<Self> {
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

    /// Reach isn't additive: the larger one is what is surely reached.
    fn plus(self, other: Self) -> Self {
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

    /// A row as Meta writes it: numbers as text, purchases left out where there are none.
    fn row(
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
