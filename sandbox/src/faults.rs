//! Faults on demand: a list of rules. The first rule that matches a call applies.

use axum::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::operation::Operation;
use crate::provider::Provider;

/// Which calls a rule applies to. A field that is left out matches every call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    pub provider: Option<Provider>,
    /// The name of a provider's operation, such as `create_message`, or of a call that the sandbox
    /// makes: `status_callback`, `inbound_message`, `email_event`, `stripe_event`.
    pub operation: Option<String>,
    pub method: Option<String>,
    /// A prefix of the whole path with the provider: `/meta/v26.0/act_1001`.
    pub path_prefix: Option<String>,
}

/// What goes wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Responds with this status and has no effect. The default body is the provider's error.
    Status {
        code: u16,
        #[serde(default)]
        body: Option<Value>,
    },
    /// Delays the call.
    LatencyMs(u64),
    /// Has no effect, holds the connection open for `hold_ms`, then drops it.
    TimeoutBefore {
        #[serde(default = "default_hold_ms")]
        hold_ms: u64,
    },
    /// Takes effect, holds the connection open for `hold_ms`, then drops it.
    TimeoutAfter {
        #[serde(default = "default_hold_ms")]
        hold_ms: u64,
    },
    /// Responds with the provider's rate-limit error, which holds the wait in seconds.
    RateLimit { retry_after: u64 },
    /// Has no effect and drops the connection at once. A call of the sandbox is not made.
    Drop,
    /// A call of the sandbox is made twice.
    Duplicate,
    /// The statuses of one message are sent last first.
    Reverse,
}

fn default_hold_ms() -> u64 {
    60_000
}

/// One rule of the list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    #[serde(rename = "match", default)]
    pub matches: Match,
    pub fault: Fault,
    /// How often the rule still applies; unlimited if left out.
    #[serde(default)]
    pub times: Option<u32>,
}

impl Match {
    fn matches_call(&self, operation: Operation, method: &Method, path: &str) -> bool {
        let is =
            |wanted: &Option<String>, actual: &str| wanted.as_deref().is_none_or(|w| w == actual);
        self.provider
            .is_none_or(|provider| provider == operation.provider)
            && is(&self.operation, operation.name)
            && is(&self.method, method.as_str())
            && self
                .path_prefix
                .as_deref()
                .is_none_or(|prefix| path.starts_with(prefix))
    }
}

/// Takes the fault that applies to one call.
pub(crate) fn take_fault(
    rules: &mut Vec<Rule>,
    operation: Operation,
    method: &Method,
    path: &str,
) -> Option<Fault> {
    take_where(rules, |rule| {
        !matches!(rule.fault, Fault::Reverse) && rule.matches.matches_call(operation, method, path)
    })
}

/// Takes a fault [`Fault::Reverse`]. Returns whether there was one.
pub(crate) fn take_reverse(rules: &mut Vec<Rule>, operation: Operation, path: &str) -> bool {
    let reverse = |rule: &Rule| {
        matches!(rule.fault, Fault::Reverse)
            && rule.matches.matches_call(operation, &Method::POST, path)
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

    use super::{Fault, Rule, take_fault};
    use crate::operation::Operation;
    use crate::provider::Provider;

    const CREATE: Operation = Operation {
        provider: Provider::Twilio,
        name: "create_message",
    };

    fn rules(json: serde_json::Value) -> Vec<Rule> {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_rule_applies_to_matching_calls_until_its_times_are_used_up() {
        let mut list = rules(json!([
            {"match": {"provider": "brevo"}, "fault": "drop"},
            {"match": {"operation": "create_message"}, "fault": {"timeout_after": {}}, "times": 2},
        ]));
        for _ in 0..2 {
            let fault = take_fault(&mut list, CREATE, &Method::POST, "/twilio/x");
            assert!(matches!(
                fault,
                Some(Fault::TimeoutAfter { hold_ms: 60_000 })
            ));
        }
        assert!(take_fault(&mut list, CREATE, &Method::POST, "/twilio/x").is_none());
        assert_eq!(list.len(), 1);
    }

    #[test]
    fn every_fault_can_be_parsed() {
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
