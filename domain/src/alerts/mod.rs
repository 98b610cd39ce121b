//! Alerts. A rule states what to watch. An alert is one firing instance of a rule: open,
//! acknowledged, snoozed or resolved. Its items are the affected products.
//!
//! In reading order: `rule`, `filter`, `condition` (one product), `severity`, `transition` and
//! `evaluate` (one company), `message`, `recipients`, `store`. Store functions return
//! [`Error::Database`](crate::Error::Database) when a statement fails or a stored value is corrupt.

mod condition;
mod evaluate;
mod filter;
mod message;
mod recipients;
mod rule;
mod severity;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod transition;

pub use evaluate::evaluate_rules;
pub use filter::Filter;
pub use message::AlertMessage;
pub use recipients::{Audience, Destination, collect_destinations};
pub use rule::{Recipient, Rule, RuleKind};
pub use severity::Severity;
pub use store::{
    AlertEventKind, AlertFilter, AlertState, AppliedTransition, CodeCheck, CodeRequest,
    ListedAlert, NewRule, RuleChanges, StoredEvent, StoredItem, StoredRecipient, StoredRule,
    acknowledge_alert, apply_transitions, archive_rule, check_code, create_default_rules,
    create_rule, end_due_snoozes, list_alerts, list_events, list_items, list_recipients,
    list_rules, load_audience, lock_open_alerts, lock_rules, request_code, require_alert,
    require_recipient, require_rule, resolve_alert, snooze_alert, update_rule, withdraw_recipient,
};
pub use transition::Transition;

platform::id_type!(RuleId, "A rule of a company.");
platform::id_type!(AlertId, "One alert, from its opening to its resolution.");
platform::id_type!(
    RecipientId,
    "An address that was sent a code, to agree to alerts."
);
platform::id_type!(ItemId, "One product of an alert.");
