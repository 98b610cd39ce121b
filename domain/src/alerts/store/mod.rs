//! Every query of the area.

mod apply;
mod check;
mod life;
mod list;
mod open;
mod rules;

pub use apply::{Applied, apply};
pub use life::{acknowledge, resolve, snooze, wake_snoozed};
pub use list::{
    AlertFilter, AlertState, ListedAlert, StoredEvent, StoredItem, find_alert, list_alerts,
    list_events, list_items,
};
pub use open::{load_people, lock_open, lock_rules};
pub use rules::{
    NewRule, RuleChanges, StoredRule, archive_rule, create_default_rules, create_rule, find_rule,
    list_rules, update_rule,
};
