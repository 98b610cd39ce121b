//! Faults on demand: a plain list of {match, fault, times}; the first rule that matches is used.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::operations::Operation;

/// Which calls a rule concerns; what is left out matches all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// `twilio`, `brevo`, `stripe` or `meta`.
    pub provider: Option<String>,
    /// `create_message` and so on; of calls that the sandbox makes: `status_callback`,
    /// `inbound_message`, `email_event`, `stripe_event`.
    pub operation: Option<String>,
    pub method: Option<String>,
    /// Of the whole path, provider included: `/meta/v26.0/act_1001`.
    pub path_prefix: Option<String>,
}

/// What goes wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Answers so without doing anything; without a body, as the provider would.
    Status {
        code: u16,
        #[serde(default)]
        body: Option<Value>,
    },
    /// Waits, then does the work and answers.
    LatencyMs(u64),
    /// Does nothing, holds the line without an answer for so long, then cuts it.
    TimeoutBefore {
        #[serde(default = "a_minute")]
        hold_ms: u64,
    },
    /// Does the work, then holds the line without an answer for so long, then cuts it.
    TimeoutAfter {
        #[serde(default = "a_minute")]
        hold_ms: u64,
    },
    /// The provider's own "too many requests", with its own way to say how many seconds.
    RateLimit { retry_after: u64 },
    /// Cuts the connection at once and does nothing; a call of the sandbox's own isn't made.
    Drop,
    /// A call of the sandbox's own is made twice.
    Duplicate,
    /// The steps of one message are told last first.
    Reverse,
}

fn a_minute() -> u64 {
    60_000
}

/// One line of the list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(rename = "match", default)]
    pub matches: Match,
    pub fault: Fault,
    /// How often it still strikes; without it, until the list is deleted.
    #[serde(default)]
    pub times: Option<u32>,
}

impl Match {
    fn covers(&self, operation: Operation, method: &Method, path: &str) -> bool {
        let is =
            |wanted: &Option<String>, actual: &str| wanted.as_deref().is_none_or(|w| w == actual);
        is(&self.provider, operation.provider)
            && is(&self.operation, operation.name)
            && is(&self.method, method.as_str())
            && self
                .path_prefix
                .as_deref()
                .is_none_or(|prefix| path.starts_with(prefix))
    }
}

/// The fault for one call, counted down.
pub(crate) fn take(
    rules: &mut Vec<Rule>,
    operation: Operation,
    method: &Method,
    path: &str,
) -> Option<Fault> {
    take_where(rules, |rule| {
        !matches!(rule.fault, Fault::Reverse) && rule.matches.covers(operation, method, path)
    })
}

/// Whether the steps of a message are to be told last first, counted down.
pub(crate) fn take_reverse(rules: &mut Vec<Rule>, operation: Operation, path: &str) -> bool {
    let reverse = |rule: &Rule| {
        matches!(rule.fault, Fault::Reverse) && rule.matches.covers(operation, &Method::POST, path)
    };
    take_where(rules, reverse).is_some()
}

fn take_where(rules: &mut Vec<Rule>, wanted: impl Fn(&Rule) -> bool) -> Option<Fault> {
    let at = rules
        .iter()
        .position(|rule| rule.times != Some(0) && wanted(rule))?;
    let fault = rules[at].fault.clone();
    if let Some(times) = &mut rules[at].times {
        *times -= 1;
        if *times == 0 {
            rules.remove(at);
        }
    }
    Some(fault)
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use serde_json::json;

    use super::{Fault, Rule, take};
    use crate::operations::Operation;

    const CREATE: Operation = Operation {
        provider: "twilio",
        name: "create_message",
    };

    fn rules(json: serde_json::Value) -> Vec<Rule> {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_rule_strikes_as_often_as_it_says_and_only_where_it_matches() {
        let mut list = rules(json!([
            {"match": {"provider": "brevo"}, "fault": "drop"},
            {"match": {"operation": "create_message"}, "fault": {"timeout_after": {}}, "times": 2},
        ]));
        for _ in 0..2 {
            let fault = take(&mut list, CREATE, &Method::POST, "/twilio/x");
            assert!(matches!(
                fault,
                Some(Fault::TimeoutAfter { hold_ms: 60_000 })
            ));
        }
        assert!(take(&mut list, CREATE, &Method::POST, "/twilio/x").is_none());
        assert_eq!(list.len(), 1);
    }

    #[test]
    fn every_fault_can_be_written() {
        let list = rules(json!([
            {"fault": {"status": {"code": 500}}}, {"fault": {"latency_ms": 5}}, {"fault": {"timeout_before": {"hold_ms": 0}}},
            {"fault": {"rate_limit": {"retry_after": 3}}}, {"fault": "drop"}, {"fault": "duplicate"}, {"fault": "reverse"},
        ]));
        assert_eq!(list.len(), 7);
        assert!(serde_json::from_value::<Vec<Rule>>(json!([{"fault": "explode"}])).is_err());
        assert!(
            serde_json::from_value::<Vec<Rule>>(json!([{"match": {"host": "x"}, "fault": "drop"}]))
                .is_err()
        );
    }
}
