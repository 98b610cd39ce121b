//! Alerts: a rule says what to watch, an alert is one instance with a life (open, acknowledged or
//! snoozed, resolved), its items are the products concerned. In reading order: `rule`, `judge` (one
//! product), `severity`, `evaluate` (a company), `message` (what is said), `store`.

mod evaluate;
mod judge;
mod message;
mod rule;
mod severity;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use evaluate::{Affected, Cause, EndReason, OpenAlert, OpenItem, Verdict, evaluate};
pub use judge::{Figures, Judgement, judge};
pub use message::{AlertMessage, Audience, Destination, NamedProduct, Person, destinations};
pub use rule::{Condition, DEFAULT_PROBABILITY, Filter, Recipient, Rule, RuleKind};
pub use severity::{Concerned, Severity, severity};
pub use store::{
    AlertFilter, AlertState, Applied, ListedAlert, NewRule, RuleChanges, StoredEvent, StoredItem,
    StoredRule, acknowledge, apply, archive_rule, create_default_rules, create_rule, find_alert,
    find_rule, list_alerts, list_events, list_items, list_rules, load_people, lock_open,
    lock_rules, resolve, snooze, update_rule, wake_snoozed,
};

platform::id_type!(RuleId, "What a company wants to be told of.");
platform::id_type!(AlertId, "One alert from its opening to its end.");
platform::id_type!(ItemId, "One product's part in an alert.");
