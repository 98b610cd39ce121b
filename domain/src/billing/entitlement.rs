//! The plan that a subscription entitles to, from Stripe's present record and from the entitlement
//! before it. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Plan, SubscriptionStatus};

/// How long an unpaid subscription keeps its plan.
const GRACE_PERIOD: TimeDelta = TimeDelta::days(7);

/// The days of the grace period on which the company is notified.
pub const UNPAID_NOTICE_DAYS: [i64; 3] = [0, 3, 6];

/// What a subscription entitles a company to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entitlement {
    pub plan: Plan,
    /// Unpaid since; the plan ends with the grace period.
    pub late_since: Option<DateTime<Utc>>,
}

impl Entitlement {
    pub const NONE: Self = Self {
        plan: Plan::Free,
        late_since: None,
    };

    /// Returns when the plan of an unpaid subscription ends.
    pub fn grace_end(self) -> Option<DateTime<Utc>> {
        self.late_since.map(|since| since + GRACE_PERIOD)
    }

    /// Returns the plan at `now`: the free one after the grace period of an unpaid subscription.
    pub fn plan_at(self, now: DateTime<Utc>) -> Plan {
        let is_expired = self.grace_end().is_some_and(|end| now >= end);
        if is_expired { Plan::Free } else { self.plan }
    }
}

/// Computes the entitlement of a subscription with `status`. `price_plan` is the plan of its price;
/// `None` where the price isn't ours. The plan follows the price while the subscription is paid,
/// and for the grace period after that. An unknown status or price never raises the plan.
pub fn compute_entitlement(
    before: Option<Entitlement>,
    status: &SubscriptionStatus,
    price_plan: Option<Plan>,
    now: DateTime<Utc>,
) -> Entitlement {
    let before = before.unwrap_or(Entitlement::NONE);
    let plan = price_plan.unwrap_or(before.plan);
    match status {
        SubscriptionStatus::Active | SubscriptionStatus::Trialing => Entitlement {
            plan,
            late_since: None,
        },
        SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid => Entitlement {
            plan,
            late_since: Some(before.late_since.unwrap_or(now)),
        },
        SubscriptionStatus::Canceled
        | SubscriptionStatus::Incomplete
        | SubscriptionStatus::IncompleteExpired
        | SubscriptionStatus::Paused => Entitlement::NONE,
        SubscriptionStatus::Unknown(_) => Entitlement {
            plan: plan.min(before.plan),
            ..before
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(n)
    }

    #[test]
    fn the_plan_follows_the_price_and_nothing_unknown_raises_it() {
        use Plan::{Enterprise, Free, Pro};
        let cases = [
            (None, "active", Some(Pro), Pro),
            (None, "trialing", Some(Enterprise), Enterprise),
            (Some(Pro), "active", Some(Enterprise), Enterprise),
            (Some(Enterprise), "active", Some(Pro), Pro),
            (None, "active", None, Free),
            (Some(Pro), "active", None, Pro),
            (Some(Pro), "canceled", Some(Pro), Free),
            (Some(Pro), "paused", Some(Pro), Free),
            (None, "incomplete", Some(Pro), Free),
            (Some(Pro), "incomplete_expired", Some(Pro), Free),
            (None, "delighted", Some(Enterprise), Free),
            (Some(Pro), "delighted", Some(Enterprise), Pro),
            (Some(Enterprise), "delighted", Some(Pro), Pro),
            (Some(Pro), "", Some(Pro), Pro),
        ];
        let paid = |plan| Entitlement {
            plan,
            late_since: None,
        };
        for (before, status, price_plan, expected) in cases {
            let entitlement =
                compute_entitlement(before.map(paid), &status.into(), price_plan, day(0));
            assert_eq!(
                entitlement,
                paid(expected),
                "{before:?} {status} {price_plan:?}"
            );
        }
    }

    #[test]
    fn an_unpaid_subscription_keeps_its_plan_for_seven_days_from_the_first_report() {
        let pro = Some(Plan::Pro);
        let first = compute_entitlement(None, &SubscriptionStatus::PastDue, pro, day(10));
        let second = compute_entitlement(Some(first), &SubscriptionStatus::Unpaid, pro, day(12));
        assert_eq!(second.late_since, Some(day(10)));
        assert_eq!(second.plan_at(day(16)), Plan::Pro);
        assert_eq!(second.plan_at(day(17)), Plan::Free);
        let paid = compute_entitlement(Some(second), &SubscriptionStatus::Active, pro, day(18));
        assert_eq!(paid.plan_at(day(30)), Plan::Pro);
    }
}
