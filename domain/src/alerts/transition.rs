//! The open alerts that an evaluation starts from, and the transitions that it produces.

use chrono::{DateTime, Utc};

use super::condition::Figures;
use super::rule::RuleKind;
use super::severity::Severity;
use super::{AlertId, ItemId, RuleId};
use crate::catalog::{ProductId, SiteId};
use crate::notifications::NotificationCause;
use crate::rupture::Urgency;

/// An unresolved alert with its unresolved items.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenAlert {
    pub id: AlertId,
    pub rule_id: RuleId,
    pub site_id: Option<SiteId>,
    pub severity: Severity,
    /// The worst severity that a notification reported.
    pub peak_severity: Severity,
    /// Incremented by each transition that notifies.
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
    /// The worst urgency that a notification reported.
    pub peak_urgency: Urgency,
    /// Opened while the alert was snoozed, so no notification has named the product.
    pub unnotified: bool,
}

impl OpenAlert {
    /// A snoozed alert notifies nobody until the snooze ends.
    pub(super) fn is_snoozed(&self) -> bool {
        self.snoozed_until.is_some()
    }
}

/// A product of a transition, with the figures that caused it.
#[derive(Debug, Clone, PartialEq)]
pub struct AffectedProduct {
    /// `None` until the item is inserted.
    pub item: Option<ItemId>,
    pub product_id: ProductId,
    pub name: String,
    pub urgency: Urgency,
    pub figures: Figures,
}

/// The change that an evaluation makes to the alert of one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    pub rule_id: RuleId,
    pub kind: RuleKind,
    pub site_id: Option<SiteId>,
    /// `None` = a new alert opens.
    pub alert: Option<OpenAlert>,
    pub severity: Severity,
    /// Open items after the transition.
    pub products: usize,
    pub added: Vec<AffectedProduct>,
    /// More urgent than any earlier notification of this alert reported.
    pub escalated: Vec<AffectedProduct>,
    /// Added during a snooze that is over, and notified now.
    pub deferred: Vec<AffectedProduct>,
    /// The urgency changed without a reason to notify.
    pub urgency_changed: Vec<AffectedProduct>,
    pub resolved: Vec<AffectedProduct>,
    /// Every product of the alert after the transition.
    pub open: Vec<AffectedProduct>,
    /// The cause of the notification; `None` = nobody is notified.
    pub cause: Option<NotificationCause>,
    /// The snooze withholds a notification. It is sent when the snooze ends.
    pub withheld: bool,
    /// `Some` = the alert resolves.
    pub resolution: Option<Resolution>,
}

/// The reason why an alert is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    ConditionOver,
    RuleOff,
    ByHand,
}

impl Resolution {
    /// Returns the text in the timeline's details.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::ConditionOver => "condition_over",
            Self::RuleOff => "rule_off",
            Self::ByHand => "by_hand",
        }
    }
}

impl OpenItem {
    pub(super) fn to_affected(&self, urgency: Urgency, figures: Figures) -> AffectedProduct {
        AffectedProduct {
            item: Some(self.id),
            product_id: self.product_id,
            name: self.name.clone(),
            urgency,
            figures,
        }
    }
}

impl Transition {
    /// Returns the worst severity that a notification reported, this transition's included.
    pub(super) fn peak_severity(&self) -> Severity {
        match &self.alert {
            Some(alert) if alert.is_snoozed() => alert.peak_severity,
            Some(alert) => alert.peak_severity.max(self.severity),
            None => self.severity,
        }
    }

    /// Returns the products that the notification names. A severity above the peak concerns the
    /// whole alert, so all of its products are named.
    pub(super) fn notified_products(&self) -> Vec<&AffectedProduct> {
        let above_peak = |alert: &OpenAlert| self.severity > alert.peak_severity;
        if self.alert.as_ref().is_some_and(above_peak) {
            return self.open.iter().collect();
        }
        let named = self.added.iter().chain(&self.deferred);
        named.chain(&self.escalated).collect()
    }

    pub(super) fn has_changes(&self) -> bool {
        let lists = [
            &self.added,
            &self.escalated,
            &self.deferred,
            &self.urgency_changed,
            &self.resolved,
        ];
        self.cause.is_some()
            || self.resolution.is_some()
            || lists.iter().any(|list| !list.is_empty())
            || self
                .alert
                .as_ref()
                .is_none_or(|alert| alert.severity != self.severity)
    }
}
