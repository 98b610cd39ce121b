//! What a subscription gives, from what Stripe says of it now and from what it gave before. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use super::Plan;

/// How long an unpaid subscription keeps its plan.
pub const GRACE_DAYS: i64 = 7;

/// What Stripe's record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Stripe's word.
    pub status: &'a str,
    /// The plan of the subscription's price; `None` for a price that isn't ours.
    pub plan: Option<Plan>,
}

/// What the subscription gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub plan: Plan,
    /// Unpaid since; the plan ends with the grace.
    pub late_since: Option<DateTime<Utc>>,
}

impl Held {
    const NOTHING: Self = Self {
        plan: Plan::Free,
        late_since: None,
    };

    /// The plan that counts at `now`: of an unpaid subscription nothing is left after the grace.
    pub fn plan_at(self, now: DateTime<Utc>) -> Plan {
        match self.late_since {
            Some(since) if now >= since + TimeDelta::days(GRACE_DAYS) => Plan::Free,
            _ => self.plan,
        }
    }
}

/// The plan follows the price while the subscription is paid, and for the grace after it stopped being
/// so. A status or a price that isn't known never raises what there was.
pub fn hold(before: Option<Held>, seen: Seen<'_>, now: DateTime<Utc>) -> Held {
    let before = before.unwrap_or(Held::NOTHING);
    let of_price = seen.plan.unwrap_or(before.plan);
    match seen.status {
        "active" | "trialing" => Held {
            plan: of_price,
            late_since: None,
        },
        "past_due" | "unpaid" => Held {
            plan: of_price,
            late_since: Some(before.late_since.unwrap_or(now)),
        },
        "canceled" | "incomplete" | "incomplete_expired" | "paused" => Held::NOTHING,
        _ => Held {
            plan: of_price.min(before.plan),
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
        for (before, status, plan, expected) in cases {
            let before = before.map(|plan| Held {
                plan,
                late_since: None,
            });
            let held = hold(before, Seen { status, plan }, day(0));
            assert_eq!(
                held,
                Held {
                    plan: expected,
                    late_since: None
                },
                "{before:?} {status} {plan:?}"
            );
        }
    }

    #[test]
    fn unpaid_keeps_the_plan_for_seven_days_from_the_first_sight() {
        let seen = Seen {
            status: "past_due",
            plan: Some(Plan::Pro),
        };
        let first = hold(None, seen, day(10));
        let again = hold(
            Some(first),
            Seen {
                status: "unpaid",
                ..seen
            },
            day(12),
        );
        assert_eq!(again.late_since, Some(day(10)));
        assert_eq!(again.plan_at(day(16)), Plan::Pro);
        assert_eq!(again.plan_at(day(17)), Plan::Free);
        let paid = hold(
            Some(again),
            Seen {
                status: "active",
                ..seen
            },
            day(18),
        );
        assert_eq!(paid.plan_at(day(30)), Plan::Pro);
    }
}
