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
    /// Another urgency than before, without being told.
    pub moved: Vec<Affected>,
    pub resolved: Vec<Affected>,
    /// Whether somebody is to be told, and why.
    pub cause: Option<Cause>,
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
        for left_behind in of_rule.clone().filter(|alert| !rule.enabled || alert.site_id != rule.filter.site_id) {
            verdicts.push(end(left_behind, EndReason::RuleOff));
        }
        if rule.enabled {
            let alert = of_rule.into_iter().find(|alert| alert.site_id == rule.filter.site_id);
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
        moved: Vec::new(),
        resolved: alert.items.iter().map(|item| affected(item, item.urgency, Figures::default())).collect(),
        cause: None,
        ends: Some(reason),
    }
}

fn affected(item: &OpenItem, urgency: Urgency, figures: Figures) -> Affected {
    Affected { item: Some(item.id), product_id: item.product_id, name: item.name.clone(), urgency, figures }
}

/// What the products of one rule add up to.
#[derive(Default)]
struct Tally {
    concerned: Concerned,
    added: Vec<Affected>,
    escalated: Vec<Affected>,
    moved: Vec<Affected>,
    resolved: Vec<Affected>,
}

fn evaluate_rule(rule: &Rule, products: &[Forecast], alert: Option<&OpenAlert>) -> Option<Verdict> {
    let mut left: HashMap<ProductId, &OpenItem> =
        alert.iter().flat_map(|a| &a.items).map(|item| (item.product_id, item)).collect();
    let mut tally = Tally::default();
    for product in products.iter().filter(|product| rule.filter.covers(product)) {
        let item = left.remove(&product.product_id);
        tally.count(rule, product, item);
    }
    let mut unwatched: Vec<_> = left.into_values().collect();
    unwatched.sort_by_key(|item| item.id);
    tally.resolved.extend(unwatched.into_iter().map(|item| affected(item, item.urgency, Figures::default())));
    tally.into_verdict(rule, alert)
}

impl Tally {
    fn count(&mut self, rule: &Rule, product: &Forecast, item: Option<&OpenItem>) {
        let best_seller = product.abc == Some(Abc::A);
        match (judge(rule.condition, &rule.filter, product, item.is_some()), item) {
            (Judgement::Concerned { urgency, figures }, Some(item)) => {
                self.concerned.add(urgency, best_seller);
                if urgency > item.peak_urgency {
                    self.escalated.push(affected(item, urgency, figures));
                } else if urgency != item.urgency {
                    self.moved.push(affected(item, urgency, figures));
                }
            }
            (Judgement::Concerned { urgency, figures }, None) => {
                self.concerned.add(urgency, best_seller);
                let (product_id, name) = (product.product_id, product.name.clone());
                self.added.push(Affected { item: None, product_id, name, urgency, figures });
            }
            (Judgement::Clear(figures), Some(item)) => self.resolved.push(affected(item, item.urgency, figures)),
            (Judgement::Unknown, Some(item)) => self.concerned.add(item.urgency, best_seller),
            (Judgement::Clear(_) | Judgement::Unknown, None) => {}
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
            cause: if ends.is_some() { None } else { self.cause(severity, alert) },
            alert: alert.cloned(),
            severity,
            products: self.concerned.products,
            added: self.added,
            escalated: self.escalated,
            moved: self.moved,
            resolved: self.resolved,
            ends,
        };
        verdict.changes_something().then_some(verdict)
    }

    /// An improvement never alarms, and neither does a severity that was reached before.
    fn cause(&self, severity: Severity, alert: Option<&OpenAlert>) -> Option<Cause> {
        let Some(alert) = alert else { return Some(Cause::Opened) };
        if severity > alert.peak_severity || !self.escalated.is_empty() {
            return Some(Cause::Escalated);
        }
        (!self.added.is_empty()).then_some(Cause::ProductAdded)
    }
}

impl Verdict {
    fn changes_something(&self) -> bool {
        let lists = [&self.added, &self.escalated, &self.moved, &self.resolved];
        self.ends.is_some()
            || lists.iter().any(|list| !list.is_empty())
            || self.alert.as_ref().is_none_or(|alert| alert.severity != self.severity)
    }
}
