//! Meta's usage headers: how much of the hour's quotas is spent, and when access returns.
//! Source: developers.facebook.com/docs/graph-api/overview/rate-limiting. A header may be absent
//! until enough calls were made. A business header has a list per account; every entry counts.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

const USAGE_HEADERS: [&str; 4] = [
    "x-business-use-case-usage",
    "x-app-usage",
    "x-ad-account-usage",
    "x-fb-ads-insights-throttle",
];

/// Members that hold a percentage.
const PERCENT_MEMBERS: [&str; 5] = [
    "call_count",
    "total_cputime",
    "total_time",
    "acc_id_util_pct",
    "app_id_util_pct",
];

/// The highest usage of all quotas, from the headers of one response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// 100 and above is throttled.
    pub percent: u32,
    /// Until access returns, where Meta reports it.
    pub regain: Option<Duration>,
}

/// A value and the usage that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metered<T> {
    pub value: T,
    pub usage: Usage,
}

impl Usage {
    pub(super) fn from_headers(headers: &HeaderMap) -> Self {
        let mut usage = Self::default();
        for name in USAGE_HEADERS {
            let text = headers.get(name).and_then(|value| value.to_str().ok());
            if let Some(value) = text.and_then(|text| serde_json::from_str(text).ok()) {
                usage.add_entries(&value);
            }
        }
        usage
    }

    fn add_entries(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.add_entries(item)),
            Value::Object(members) => {
                for (name, member) in members {
                    self.add_member(name, member);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn add_member(&mut self, name: &str, member: &Value) {
        if PERCENT_MEMBERS.contains(&name) {
            self.percent = self.percent.max(parse_percent(member));
        } else if name == "estimated_time_to_regain_access" {
            let minutes = member.as_u64().filter(|minutes| *minutes > 0);
            let wait = minutes.map(|minutes| Duration::from_secs(minutes * 60));
            self.regain = self.regain.max(wait);
        } else {
            self.add_entries(member);
        }
    }
}

/// Rounds up, so that 99.5 doesn't count as room.
fn parse_percent(value: &Value) -> u32 {
    let number = value.as_f64().unwrap_or(0.0).clamp(0.0, 10_000.0).ceil();
    format!("{number:.0}").parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderMap, HeaderValue};

    use super::Usage;

    const BUSINESS: &str = r#"{"1001": [
        {"type": "ads_insights", "call_count": 3, "total_cputime": 1, "total_time": 2,
         "estimated_time_to_regain_access": 0},
        {"type": "ads_management", "call_count": 97, "total_cputime": 1, "total_time": 2,
         "estimated_time_to_regain_access": 7}]}"#;
    const APP: &str = r#"{"call_count":28,"total_time":25,"total_cputime":25}"#;
    const THROTTLE: &str = r#"{"app_id_util_pct":100,"acc_id_util_pct":99.2,
        "ads_api_access_tier":"standard_access"}"#;

    #[test]
    fn the_highest_usage_of_all_headers_counts() {
        let mut headers = HeaderMap::new();
        let mut add_header = |name: &'static str, text: &str| {
            let one_line = text.replace('\n', "");
            headers.insert(name, HeaderValue::from_str(&one_line).unwrap());
            Usage::from_headers(&headers)
        };
        add_header("x-business-use-case-usage", BUSINESS);
        add_header("x-app-usage", APP);
        let usage = add_header("x-ad-account-usage", "broken");
        assert_eq!(usage.percent, 97);
        assert_eq!(usage.regain, Some(Duration::from_secs(420)));
        let usage = add_header("x-fb-ads-insights-throttle", THROTTLE);
        assert_eq!(usage.percent, 100);
    }

    #[test]
    fn a_response_without_usage_headers_has_no_usage() {
        assert_eq!(Usage::from_headers(&HeaderMap::new()), Usage::default());
    }
}
