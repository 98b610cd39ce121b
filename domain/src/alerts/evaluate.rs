//! Evaluates the rules of one company: which alerts open, change or resolve, and whether the change
//! causes a notification. Pure: rules, products and open alerts in, transitions out.

use std::collections::HashMap;

use super::condition::{ConditionState, Figures, ItemStatus, evaluate_condition};
use super::rule::Rule;
use super::severity::{FiringProducts, Severity, compute_severity};
use super::transition::{AffectedProduct, OpenAlert, OpenItem, Resolution, Transition};
use crate::catalog::ProductId;
use crate::notifications::NotificationCause;
use crate::rupture::Forecast;

/// Returns at most one transition for each alert, in the order of the rules. Rules and alerts
/// without a change have none.
pub fn evaluate_rules(
    rules: &[Rule],
    products: &[Forecast],
    open: &[OpenAlert],
) -> Vec<Transition> {
    let mut transitions = Vec::new();
    for rule in rules {
        let of_rule = || open.iter().filter(|alert| alert.rule_id == rule.id);
        let is_current = |alert: &&OpenAlert| alert.site_id == rule.filter.site_id;
        // A rule that moved to another site leaves its former site's alert behind.
        for alert in of_rule().filter(|alert| !rule.enabled || !is_current(alert)) {
            transitions.push(resolve_switched_off(rule, alert));
        }
        if rule.enabled {
            let alert = of_rule().find(is_current);
            transitions.extend(evaluate_rule(rule, products, alert));
        }
    }
    transitions
}

fn resolve_switched_off(rule: &Rule, alert: &OpenAlert) -> Transition {
    Transition {
        rule_id: alert.rule_id,
        kind: rule.condition.rule_kind(),
        site_id: alert.site_id,
        alert: Some(alert.clone()),
        severity: alert.severity,
        products: 0,
        added: Vec::new(),
        escalated: Vec::new(),
        deferred: Vec::new(),
        urgency_changed: Vec::new(),
        resolved: alert.items.iter().map(without_figures).collect(),
        open: Vec::new(),
        cause: None,
        withheld: false,
        resolution: Some(Resolution::RuleOff),
    }
}

fn without_figures(item: &OpenItem) -> AffectedProduct {
    item.to_affected(item.urgency, Figures::default())
}

fn evaluate_rule(
    rule: &Rule,
    products: &[Forecast],
    alert: Option<&OpenAlert>,
) -> Option<Transition> {
    let items = alert.iter().flat_map(|alert| &alert.items);
    let mut unwatched: HashMap<ProductId, &OpenItem> =
        items.map(|item| (item.product_id, item)).collect();
    let mut evaluation = RuleEvaluation {
        snoozed: alert.is_some_and(OpenAlert::is_snoozed),
        ..RuleEvaluation::default()
    };
    for product in products.iter().filter(|p| rule.filter.matches_product(p)) {
        let item = unwatched.remove(&product.product_id);
        evaluation.evaluate_product(rule, product, item);
    }
    let mut unwatched: Vec<_> = unwatched.into_values().collect();
    unwatched.sort_by_key(|item| item.id);
    evaluation
        .resolved
        .extend(unwatched.into_iter().map(without_figures));
    evaluation.into_transition(rule, alert)
}

/// The products of one rule, collected one by one.
#[derive(Default)]
struct RuleEvaluation {
    /// The alert is snoozed.
    snoozed: bool,
    firing: FiringProducts,
    added: Vec<AffectedProduct>,
    escalated: Vec<AffectedProduct>,
    deferred: Vec<AffectedProduct>,
    urgency_changed: Vec<AffectedProduct>,
    resolved: Vec<AffectedProduct>,
    open: Vec<AffectedProduct>,
    /// A product became more urgent than ever while the alert was snoozed.
    escalated_in_snooze: bool,
}

impl RuleEvaluation {
    fn evaluate_product(&mut self, rule: &Rule, product: &Forecast, item: Option<&OpenItem>) {
        let status = match item {
            Some(_) => ItemStatus::Open,
            None => ItemStatus::Absent,
        };
        let state = evaluate_condition(rule.condition, &rule.filter, product, status);
        match (state, item) {
            (ConditionState::Firing { urgency, figures }, Some(item)) => {
                self.firing.count_product(product.abc, urgency);
                self.keep_open(item, item.to_affected(urgency, figures));
            }
            (ConditionState::Firing { urgency, figures }, None) => {
                self.firing.count_product(product.abc, urgency);
                let added = AffectedProduct {
                    item: None,
                    product_id: product.product_id,
                    name: product.name.clone(),
                    urgency,
                    figures,
                };
                self.open.push(added.clone());
                self.added.push(added);
            }
            (ConditionState::NotFiring(figures), Some(item)) => {
                self.resolved.push(item.to_affected(item.urgency, figures));
            }
            (ConditionState::Unknown, Some(item)) => {
                self.firing.count_product(product.abc, item.urgency);
                self.open.push(without_figures(item));
            }
            (ConditionState::NotFiring(_) | ConditionState::Unknown, None) => {}
        }
    }

    /// During a snooze the peaks stay as they are, so that the first evaluation after the snooze
    /// finds what exceeded them.
    fn keep_open(&mut self, item: &OpenItem, product: AffectedProduct) {
        self.open.push(product.clone());
        let above_peak = product.urgency > item.peak_urgency;
        if above_peak && !self.snoozed {
            self.escalated.push(product);
        } else if item.unnotified && !self.snoozed {
            self.deferred.push(product);
        } else if product.urgency != item.urgency {
            self.escalated_in_snooze |= above_peak;
            self.urgency_changed.push(product);
        }
    }

    fn into_transition(self, rule: &Rule, alert: Option<&OpenAlert>) -> Option<Transition> {
        let resolution = (self.firing.count == 0).then_some(Resolution::ConditionOver);
        if alert.is_none() && resolution.is_some() {
            return None;
        }
        let kind = rule.condition.rule_kind();
        let severity = match alert {
            // A resolved alert keeps the severity that it had.
            Some(alert) if resolution.is_some() => alert.severity,
            Some(_) | None => compute_severity(kind, self.firing),
        };
        let cause = match resolution {
            Some(_) => None,
            None => self.notification_cause(severity, alert),
        };
        let transition = Transition {
            rule_id: rule.id,
            kind,
            site_id: rule.filter.site_id,
            cause,
            withheld: resolution.is_none() && self.withholds_notification(severity, alert),
            alert: alert.cloned(),
            severity,
            products: self.firing.count,
            added: self.added,
            escalated: self.escalated,
            deferred: self.deferred,
            urgency_changed: self.urgency_changed,
            resolved: self.resolved,
            open: self.open,
            resolution,
        };
        transition.has_changes().then_some(transition)
    }

    /// Neither an improvement nor a severity that was reached before causes a notification.
    fn notification_cause(
        &self,
        severity: Severity,
        alert: Option<&OpenAlert>,
    ) -> Option<NotificationCause> {
        let Some(alert) = alert else {
            return Some(NotificationCause::Opened);
        };
        if self.snoozed {
            return None;
        }
        if severity > alert.peak_severity || !self.escalated.is_empty() {
            return Some(NotificationCause::Escalated);
        }
        let new_products = !self.added.is_empty() || !self.deferred.is_empty();
        new_products.then_some(NotificationCause::ProductAdded)
    }

    /// True once for each change: the comparison with the current severity excludes the changes
    /// that an earlier evaluation recorded.
    fn withholds_notification(&self, severity: Severity, alert: Option<&OpenAlert>) -> bool {
        let rose =
            alert.is_some_and(|alert| severity > alert.severity && severity > alert.peak_severity);
        self.snoozed && (rose || self.escalated_in_snooze || !self.added.is_empty())
    }
}
