//! One day of one advertised thing. Meta writes numbers as text and leaves zeros out.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Words for a purchase, the widest first: the narrower ones are counted inside it.
const PURCHASES: [&str; 3] = [
    "omni_purchase",
    "purchase",
    "offsite_conversion.fb_pixel_purchase",
];

/// A row of a report. Ids of levels below the one asked for are absent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct InsightRow {
    /// In the account's time zone.
    #[serde(rename = "date_start")]
    pub day: NaiveDate,
    /// Without `act_`.
    pub account_id: String,
    #[serde(rename = "account_currency")]
    pub currency: Option<String>,
    pub campaign_id: Option<String>,
    pub campaign_name: Option<String>,
    pub adset_id: Option<String>,
    pub adset_name: Option<String>,
    pub ad_id: Option<String>,
    pub ad_name: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    pub impressions: i64,
    #[serde(default, deserialize_with = "whole")]
    pub clicks: i64,
    #[serde(default, rename = "inline_link_clicks", deserialize_with = "whole")]
    pub link_clicks: i64,
    /// People: not additive over days or ads.
    #[serde(default, deserialize_with = "whole")]
    pub reach: i64,
    /// In the account's currency.
    #[serde(default, deserialize_with = "decimal")]
    pub spend: Decimal,
    /// Counts by action type.
    #[serde(default, deserialize_with = "by_type")]
    pub actions: BTreeMap<String, Decimal>,
    /// Money by action type, in the account's currency.
    #[serde(default, deserialize_with = "by_type")]
    pub action_values: BTreeMap<String, Decimal>,
}

impl InsightRow {
    pub(super) fn read(row: Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(row)
    }

    /// Purchases, counted once.
    #[must_use]
    pub fn purchases(&self) -> Decimal {
        widest(&self.actions)
    }

    /// Value of the purchases, in the account's currency.
    #[must_use]
    pub fn purchase_value(&self) -> Decimal {
        widest(&self.action_values)
    }
}

fn widest(by_type: &BTreeMap<String, Decimal>) -> Decimal {
    PURCHASES
        .iter()
        .find_map(|word| by_type.get(*word))
        .copied()
        .unwrap_or_default()
}

#[derive(Deserialize)]
struct Action {
    action_type: String,
    #[serde(default, deserialize_with = "decimal")]
    value: Decimal,
}

fn by_type<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Decimal>, D::Error> {
    let actions = Vec::<Action>::deserialize(deserializer)?;
    Ok(actions
        .into_iter()
        .map(|action| (action.action_type, action.value))
        .collect())
}

fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        other => return Err(serde::de::Error::custom(format!("{other} is no number"))),
    };
    text.parse()
        .or_else(|_| Decimal::from_scientific(&text))
        .map_err(serde::de::Error::custom)
}

fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let number = decimal(deserializer)?;
    i64::try_from(number.trunc()).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use serde_json::json;

    use super::InsightRow;

    #[test]
    fn a_row_is_read_from_text_numbers_with_zeros_left_out() {
        let row = InsightRow::read(json!({
            "date_start": "2026-08-01", "date_stop": "2026-08-01", "account_id": "1001", "ad_id": "7",
            "impressions": "1234", "spend": "56.70", "clicks": 8,
            "actions": [{"action_type": "purchase", "value": "2", "7d_click": "1"}, {"action_type": "omni_purchase", "value": "3"}],
            "action_values": [{"action_type": "purchase", "value": "19.90"}],
        }))
        .unwrap();
        assert_eq!((row.impressions, row.clicks, row.reach), (1234, 8, 0));
        assert_eq!(row.spend, Decimal::new(5670, 2));
        assert_eq!(
            (row.purchases(), row.purchase_value()),
            (Decimal::from(3), Decimal::new(1990, 2))
        );
    }

    #[test]
    fn a_broken_row_is_an_error_and_not_a_zero() {
        for row in [
            json!({}),
            json!({"date_start": "2026-13-01", "account_id": "1"}),
            json!({"date_start": "2026-08-01", "account_id": "1", "spend": "much"}),
        ] {
            assert!(InsightRow::read(row.clone()).is_err(), "{row}");
        }
    }
}
