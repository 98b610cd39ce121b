//! Meta's usage headers: how much of the hour's budgets is spent, and when access returns.
//! Source: developers.facebook.com/docs/graph-api/overview/rate-limiting. A header may be absent
//! until enough calls were made; a business header is a list per account, and every entry counts.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

const HEADERS: [&str; 4] = [
    "x-business-use-case-usage",
    "x-app-usage",
    "x-ad-account-usage",
    "x-fb-ads-insights-throttle",
];

/// Members that hold a percentage.
const PERCENTAGES: [&str; 5] = [
    "call_count",
    "total_cputime",
    "total_time",
    "acc_id_util_pct",
    "app_id_util_pct",
];

/// The fullest of all budgets told with an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// 100 and above is throttled.
    pub percent: u32,
    /// Until access returns, where Meta says so.
    pub regain: Option<Duration>,
}

/// An answer with the usage told beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metered<T> {
    pub value: T,
    pub usage: Usage,
}

impl<T> Metered<T> {
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Metered<U> {
        Metered {
            value: change(self.value),
            usage: self.usage,
        }
    }
}

impl Usage {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut usage = Self::default();
        for name in HEADERS {
            let text = headers.get(name).and_then(|value| value.to_str().ok());
            if let Some(value) = text.and_then(|text| serde_json::from_str(text).ok()) {
                usage.add(&value);
            }
        }
        usage
    }

    fn add(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(members) => {
                for (key, member) in members {
                    if PERCENTAGES.contains(&key.as_str()) {
                        self.percent = self.percent.max(percent(member));
                    } else if key == "estimated_time_to_regain_access" {
                        let wait = member
                            .as_u64()
                            .filter(|minutes| *minutes > 0)
                            .map(|m| Duration::from_secs(m * 60));
                        self.regain = self.regain.max(wait);
                    } else {
                        self.add(member);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Rounded up, so that 99.5 isn't shown as room.
fn percent(value: &Value) -> u32 {
    let number = value.as_f64().unwrap_or(0.0).clamp(0.0, 10_000.0).ceil();
    format!("{number:.0}").parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderMap, HeaderValue};

    use super::Usage;

    #[test]
    fn the_fullest_entry_of_all_headers_counts() {
        let mut headers = HeaderMap::new();
        assert_eq!(Usage::read(&headers), Usage::default());
        headers.insert("x-business-use-case-usage", HeaderValue::from_static(
            r#"{"1001":[{"type":"ads_insights","call_count":3,"total_cputime":1,"total_time":2,"estimated_time_to_regain_access":0},{"type":"ads_management","call_count":97,"total_cputime":1,"total_time":2,"estimated_time_to_regain_access":7}]}"#));
        headers.insert(
            "x-app-usage",
            HeaderValue::from_static(r#"{"call_count":28,"total_time":25,"total_cputime":25}"#),
        );
        headers.insert("x-ad-account-usage", HeaderValue::from_static("broken"));
        assert_eq!(
            Usage::read(&headers),
            Usage {
                percent: 97,
                regain: Some(Duration::from_secs(420))
            }
        );
        headers.insert(
            "x-fb-ads-insights-throttle",
            HeaderValue::from_static(
                r#"{"app_id_util_pct":100,"acc_id_util_pct":99.2,"ads_api_access_tier":"standard_access"}"#,
            ),
        );
        assert_eq!(Usage::read(&headers).percent, 100);
    }
}
