//! One day of one advertised thing. Meta sends numbers as text. A figure that it leaves out is
//! unknown and never zero; a list of actions is left out where there were none.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Action types of a purchase, the widest first, which includes the narrower ones.
const PURCHASE_TYPES: [&str; 3] = [
    "omni_purchase",
    "purchase",
    "offsite_conversion.fb_pixel_purchase",
];

/// A row of a report. Ids below the requested level are absent.
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
    #[serde(default, deserialize_with = "parse_whole")]
    pub impressions: Option<i64>,
    #[serde(default, deserialize_with = "parse_whole")]
    pub clicks: Option<i64>,
    #[serde(
        default,
        rename = "inline_link_clicks",
        deserialize_with = "parse_whole"
    )]
    pub link_clicks: Option<i64>,
    /// People: not additive over days or ads.
    #[serde(default, deserialize_with = "parse_whole")]
    pub reach: Option<i64>,
    /// In the account's currency.
    #[serde(default, deserialize_with = "parse_decimal")]
    pub spend: Option<Decimal>,
    /// Counts by action type; `None` for an action without a count.
    #[serde(default, deserialize_with = "parse_by_type")]
    pub actions: BTreeMap<String, Option<Decimal>>,
    /// Money by action type, in the account's currency.
    #[serde(default, deserialize_with = "parse_by_type")]
    pub action_values: BTreeMap<String, Option<Decimal>>,
}

impl InsightRow {
    pub(super) fn from_json(row: Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(row)
    }

    /// Returns the number of purchases, each counted once; `None` where it is unknown.
    #[must_use]
    pub fn purchases(&self) -> Option<Decimal> {
        find_purchases(&self.actions).unwrap_or(Some(Decimal::ZERO))
    }

    /// Returns the value of the purchases, in the account's currency; `None` where it is unknown.
    #[must_use]
    pub fn purchase_value(&self) -> Option<Decimal> {
        let no_purchases = self.purchases().filter(Decimal::is_zero);
        find_purchases(&self.action_values).unwrap_or(no_purchases)
    }
}

fn find_purchases(by_type: &BTreeMap<String, Option<Decimal>>) -> Option<Option<Decimal>> {
    PURCHASE_TYPES
        .iter()
        .find_map(|kind| by_type.get(*kind))
        .copied()
}

#[derive(Deserialize)]
struct Action {
    action_type: String,
    #[serde(default, deserialize_with = "parse_decimal")]
    value: Option<Decimal>,
}

fn parse_by_type<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Option<Decimal>>, D::Error> {
    let actions = Option::<Vec<Action>>::deserialize(deserializer)?;
    Ok(actions
        .unwrap_or_default()
        .into_iter()
        .map(|action| (action.action_type, action.value))
        .collect())
}

fn parse_decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Null => return Ok(None),
        other => return Err(serde::de::Error::custom(format!("{other} is not a number"))),
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    text.parse()
        .or_else(|_| Decimal::from_scientific(&text))
        .map(Some)
        .map_err(serde::de::Error::custom)
}

fn parse_whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let number = parse_decimal(deserializer)?;
    number
        .map(|number| i64::try_from(number.trunc()).map_err(serde::de::Error::custom))
        .transpose()
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use serde_json::json;

    use super::InsightRow;

    #[test]
    fn numbers_are_parsed_from_text_and_missing_ones_are_unknown() {
        let row = InsightRow::from_json(json!({
            "date_start": "2026-08-01", "date_stop": "2026-08-01",
            "account_id": "1001", "ad_id": "7",
            "impressions": "1234", "spend": "56.70", "clicks": 8,
            "actions": [
                {"action_type": "purchase", "value": "2", "7d_click": "1"},
                {"action_type": "omni_purchase", "value": "3"},
            ],
            "action_values": [{"action_type": "purchase", "value": "19.90"}],
        }))
        .unwrap();
        let counts = (row.impressions, row.clicks, row.reach);
        assert_eq!(counts, (Some(1234), Some(8), None));
        assert_eq!(row.spend, Some(Decimal::new(5670, 2)));
        assert_eq!(
            (row.purchases(), row.purchase_value()),
            (Some(Decimal::from(3)), Some(Decimal::new(1990, 2)))
        );
    }

    #[test]
    fn purchases_without_a_figure_are_unknown_and_no_actions_are_none() {
        let purchase = json!([{"action_type": "purchase", "value": "2"}]);
        let unknown = json!([{"action_type": "purchase", "7d_click": "1"}]);
        let zero = Some(Decimal::ZERO);
        for (actions, values, expected) in [
            (json!(null), json!(null), (zero, zero)),
            (json!([]), json!([]), (zero, zero)),
            (purchase.clone(), json!(null), (Some(Decimal::TWO), None)),
            (
                purchase.clone(),
                purchase,
                (Some(Decimal::TWO), Some(Decimal::TWO)),
            ),
            (unknown, json!(null), (None, None)),
        ] {
            let row = InsightRow::from_json(json!({
                "date_start": "2026-08-01", "account_id": "1", "spend": null, "clicks": "",
                "actions": actions, "action_values": values,
            }))
            .unwrap();
            assert_eq!(
                (row.purchases(), row.purchase_value()),
                expected,
                "{actions} {values}"
            );
            assert_eq!((row.spend, row.clicks), (None, None));
        }
    }

    #[test]
    fn a_broken_row_is_an_error_and_not_zeros() {
        for row in [
            json!({}),
            json!({"date_start": "2026-13-01", "account_id": "1"}),
            json!({"date_start": "2026-08-01", "account_id": "1", "spend": "much"}),
        ] {
            assert!(InsightRow::from_json(row.clone()).is_err(), "{row}");
        }
    }
}
