//! Every query of the area.

mod alert;
mod evaluation_input;
mod item;
mod recipient;
mod rule;
mod rule_validation;
mod timeline;
mod transition;
mod user_actions;

pub use alert::{AlertFilter, AlertState, ListedAlert, list_alerts, require_alert};
pub use evaluation_input::{load_audience, lock_open_alerts, lock_rules};
pub use item::{StoredItem, list_items};
pub use recipient::{
    CodeCheck, CodeRequest, StoredRecipient, check_code, list_recipients, request_code,
    require_recipient, withdraw_recipient,
};
pub use rule::{
    NewRule, RuleChanges, StoredRule, archive_rule, create_default_rules, create_rule, list_rules,
    require_rule, update_rule,
};
pub use timeline::{AlertEventKind, StoredEvent, list_events};
pub use transition::{AppliedTransition, apply_transitions};
pub use user_actions::{acknowledge_alert, end_due_snoozes, resolve_alert, snooze_alert};
