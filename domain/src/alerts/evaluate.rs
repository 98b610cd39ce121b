//! The decision: what opens, what is added, what gets worse, what ends, and whether somebody is to
//! be told. Pure: rules, products and open alerts in, verdicts out.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::judge::{Figures, Judgement, judge};
use super::rule::Rule;
use super::severity::{Concerned, Severity, severity};
use super::{AlertId, ItemId, RuleId};
use crate::catalog::{ProductId, SiteId};
use crate::rupture::{Abc, Forecast, Urgency};

/// An alert that isn't resolved, with its unresolved items.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenAlert {
    pub id: AlertId,
    pub rule_id: RuleId,
    pub site_id: Option<SiteId>,
    pub severity: Severity,
    pub peak_severity: Severity,
    pub revision: i32,
    pub snoozed_until: Option<DateTime<Utc>>,
    pub items: Vec<OpenItem>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct OpenItem {
    pub id: ItemId,
    pub product_id: ProductId,
    pub name: String,
    pub urgency: Urgency,
    pub peak_urgency: Urgency,
    /// Opened while the alert slept: nobody was told.
    pub untold: bool,
}

impl OpenAlert {
    /// Nobody is told of what changes, until it wakes.
    pub fn sleeps(&self) -> bool {
        self.snoozed_until.is_some()
    }
}

/// Why somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    Opened,
    ProductAdded,
    Escalated,
}

impl Cause {
    /// The stored text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::ProductAdded => "product_added",
            Self::Escalated => "escalated",
        }
    }
}

/// A product in a verdict, with the figures that put it there.
#[derive(Debug, Clone, PartialEq)]
pub struct Affected {
    /// `None` while the item doesn't exist yet.
    pub item: Option<ItemId>,
    pub product_id: ProductId,
    pub name: String,
    pub urgency: Urgency,
    pub figures: Figures,
}

/// What changes for one rule. A rule for which nothing changes has no verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub rule_id: RuleId,
    pub site_id: Option<SiteId>,
    /// `None` = a new alert opens.
    pub alert: Option<OpenAlert>,
    pub severity: Severity,
    /// Open items after this verdict.
    pub products: usize,
    pub added: Vec<Affected>,
    /// More urgent than they ever were in this alert.
    pub escalated: Vec<Affected>,
    /// Opened while the alert slept, and to be told of now.
    pub late: Vec<Affected>,
    /// Another urgency than before, without being told.
    pub moved: Vec<Affected>,
    pub resolved: Vec<Affected>,
    /// Everything that the alert is about after this verdict.
    pub open: Vec<Affected>,
    /// Whether somebody is to be told, and why.
    pub cause: Option<Cause>,
    /// Somebody would be told if the alert didn't sleep; they are when it wakes.
    pub withheld: bool,
    /// The alert ends, and why.
    pub ends: Option<EndReason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    ConditionOver,
    RuleOff,
}

impl EndReason {
    /// The text in the timeline's details.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConditionOver => "condition_over",
            Self::RuleOff => "rule_off",
        }
    }
}

/// One verdict for each rule for which something changes, in the order of the rules.
pub fn evaluate(rules: &[Rule], products: &[Forecast], open: &[OpenAlert]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for rule in rules {
        let of_rule = open.iter().filter(|alert| alert.rule_id == rule.id);
        for left_behind in of_rule
            .clone()
            .filter(|alert| !rule.enabled || alert.site_id != rule.filter.site_id)
        {
            verdicts.push(end(left_behind, EndReason::RuleOff));
        }
        if rule.enabled {
            let alert = of_rule
                .into_iter()
                .find(|alert| alert.site_id == rule.filter.site_id);
            verdicts.extend(evaluate_rule(rule, products, alert));
        }
    }
    verdicts
}

fn end(alert: &OpenAlert, reason: EndReason) -> Verdict {
    Verdict {
        rule_id: alert.rule_id,
        site_id: alert.site_id,
        alert: Some(alert.clone()),
        severity: alert.severity,
        products: 0,
        added: Vec::new(),
        escalated: Vec::new(),
        late: Vec::new(),
        moved: Vec::new(),
        resolved: alert
            .items
            .iter()
            .map(|item| affected(item, item.urgency, Figures::default()))
            .collect(),
        open: Vec::new(),
        cause: None,
        withheld: false,
        ends: Some(reason),
    }
}

fn affected(item: &OpenItem, urgency: Urgency, figures: Figures) -> Affected {
    Affected {
        item: Some(item.id),
        product_id: item.product_id,
        name: item.name.clone(),
        urgency,
        figures,
    }
}

/// What the products of one rule add up to.
#[derive(Default)]
struct Tally {
    /// The alert does.
    sleeps: bool,
    concerned: Concerned,
    added: Vec<Affected>,
    escalated: Vec<Affected>,
    late: Vec<Affected>,
    moved: Vec<Affected>,
    resolved: Vec<Affected>,
    open: Vec<Affected>,
    /// Something got worse than ever while the alert slept.
    worse_asleep: bool,
}

fn evaluate_rule(rule: &Rule, products: &[Forecast], alert: Option<&OpenAlert>) -> Option<Verdict> {
    let mut left: HashMap<ProductId, &OpenItem> = alert
        .iter()
        .flat_map(|a| &a.items)
        .map(|item| (item.product_id, item))
        .collect();
    let mut tally = Tally {
        sleeps: alert.is_some_and(OpenAlert::sleeps),
        ..Tally::default()
    };
    for product in products
        .iter()
        .filter(|product| rule.filter.covers(product))
    {
        let item = left.remove(&product.product_id);
        tally.count(rule, product, item);
    }
    let mut unwatched: Vec<_> = left.into_values().collect();
    unwatched.sort_by_key(|item| item.id);
    tally.resolved.extend(
        unwatched
            .into_iter()
            .map(|item| affected(item, item.urgency, Figures::default())),
    );
    tally.into_verdict(rule, alert)
}

impl Tally {
    fn count(&mut self, rule: &Rule, product: &Forecast, item: Option<&OpenItem>) {
        let best_seller = product.abc == Some(Abc::A);
        match (
            judge(rule.condition, &rule.filter, product, item.is_some()),
            item,
        ) {
            (Judgement::Concerned { urgency, figures }, Some(item)) => {
                self.concerned.add(urgency, best_seller);
                self.still_open(item, affected(item, urgency, figures));
            }
            (Judgement::Concerned { urgency, figures }, None) => {
                self.concerned.add(urgency, best_seller);
                let (product_id, name) = (product.product_id, product.name.clone());
                let added = Affected {
                    item: None,
                    product_id,
                    name,
                    urgency,
                    figures,
                };
                self.open.push(added.clone());
                self.added.push(added);
            }
            (Judgement::Clear(figures), Some(item)) => {
                self.resolved.push(affected(item, item.urgency, figures))
            }
            (Judgement::Unknown, Some(item)) => {
                self.concerned.add(item.urgency, best_seller);
                self.open
                    .push(affected(item, item.urgency, Figures::default()));
            }
            (Judgement::Clear(_) | Judgement::Unknown, None) => {}
        }
    }

    /// While the alert sleeps its peaks stay: what passed them is found out when it wakes.
    fn still_open(&mut self, item: &OpenItem, now: Affected) {
        self.open.push(now.clone());
        let worse = now.urgency > item.peak_urgency;
        if worse && !self.sleeps {
            self.escalated.push(now);
        } else if item.untold && !self.sleeps {
            self.late.push(now);
        } else if now.urgency != item.urgency {
            self.worse_asleep |= worse;
            self.moved.push(now);
        }
    }

    fn into_verdict(self, rule: &Rule, alert: Option<&OpenAlert>) -> Option<Verdict> {
        let ends = (self.concerned.products == 0).then_some(EndReason::ConditionOver);
        if alert.is_none() && ends.is_some() {
            return None;
        }
        let now = severity(rule.condition.kind(), self.concerned);
        let severity = match alert {
            Some(alert) if ends.is_some() => alert.severity,
            _ => now,
        };
        let verdict = Verdict {
            rule_id: rule.id,
            site_id: rule.filter.site_id,
            cause: if ends.is_some() {
                None
            } else {
                self.cause(severity, alert)
            },
            withheld: ends.is_none() && self.withheld(severity, alert),
            alert: alert.cloned(),
            severity,
            products: self.concerned.products,
            added: self.added,
            escalated: self.escalated,
            late: self.late,
            moved: self.moved,
            resolved: self.resolved,
            open: self.open,
            ends,
        };
        verdict.changes_something().then_some(verdict)
    }

    /// An improvement never alarms, and neither does a severity that was reached before.
    fn cause(&self, severity: Severity, alert: Option<&OpenAlert>) -> Option<Cause> {
        let Some(alert) = alert else {
            return Some(Cause::Opened);
        };
        if self.sleeps {
            return None;
        }
        if severity > alert.peak_severity || !self.escalated.is_empty() {
            return Some(Cause::Escalated);
        }
        (!self.added.is_empty() || !self.late.is_empty()).then_some(Cause::ProductAdded)
    }

    /// Said once for each change, though it is found again at every evaluation until the alert wakes.
    fn withheld(&self, severity: Severity, alert: Option<&OpenAlert>) -> bool {
        let rose =
            alert.is_some_and(|alert| severity > alert.severity && severity > alert.peak_severity);
        self.sleeps && (rose || self.worse_asleep || !self.added.is_empty())
    }
}

impl Verdict {
    /// The worst severity that somebody was told of, this verdict included.
    pub fn peak_severity(&self) -> Severity {
        match &self.alert {
            Some(alert) if alert.sleeps() => alert.peak_severity,
            Some(alert) => alert.peak_severity.max(self.severity),
            None => self.severity,
        }
    }

    /// What the message is about: where the whole alert is graver than ever, all of it.
    pub fn told(&self) -> Vec<&Affected> {
        if self
            .alert
            .as_ref()
            .is_some_and(|alert| self.severity > alert.peak_severity)
        {
            return self.open.iter().collect();
        }
        self.added
            .iter()
            .chain(&self.late)
            .chain(&self.escalated)
            .collect()
    }

    fn changes_something(&self) -> bool {
        let lists = [
            &self.added,
            &self.escalated,
            &self.late,
            &self.moved,
            &self.resolved,
        ];
        self.cause.is_some()
            || self.ends.is_some()
            || lists.iter().any(|list| !list.is_empty())
            || self
                .alert
                .as_ref()
                .is_none_or(|alert| alert.severity != self.severity)
    }
}
