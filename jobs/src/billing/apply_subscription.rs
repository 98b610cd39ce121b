//! Makes the company's subscription what Stripe says it is now. Reading the record instead of the
//! event is what makes duplicates and disorder harmless: whichever event comes last, the same is read.

use chrono::{DateTime, TimeDelta};
use domain::billing::{self, Plan, SubscriptionRecord, SubscriptionStatus};
use platform::queue::{Job, JobContext, JobError, JobResult, Queue, Uniqueness, retry};
use providers::stripe::{Stripe, Subscription};
use providers::{Class, ProviderError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Services;

/// A day's reconciliation asks again anyway; an event must not be lost meanwhile.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::days(3);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplySubscription {
    /// Stripe's id of the subscription.
    pub subscription: String,
}

impl Job<Services> for ApplySubscription {
    const NAME: &'static str = "billing.apply_subscription";
    const QUEUE: Queue = Queue::Fast;

    /// One at a time, so that the answer written last is the one that was asked for last; an event
    /// that comes while Stripe is being asked makes it ask once more.
    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Reconciler(self.subscription.clone())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let stripe = &cx.services().providers.stripe;
        let found = stripe
            .fetch_subscription(&self.subscription)
            .await
            .map_err(|error| setback(&cx, error))?;
        let plan = plan_of_price(stripe, found.price.as_deref());
        if plan.is_none() {
            tracing::warn!(price = found.price, "price of no plan");
        }
        let mut tx = cx.begin().await?;
        let before = billing::lock_entitlement(&mut tx, &found.id).await?;
        let record = record(found);
        let held = billing::compute_entitlement(before, &record.status, plan, cx.now());
        let changed = billing::apply_record(&mut tx, cx.company(), &record, held, cx.now()).await?;
        cx.finish(
            tx,
            json!({"plan": held.plan, "status": record.status, "changed": changed}),
        )
        .await
    }
}

fn plan_of_price(stripe: &Stripe, price: Option<&str>) -> Option<Plan> {
    match price {
        Some(price) if price == stripe.price_pro() => Some(Plan::Pro),
        Some(price) if price == stripe.price_enterprise() => Some(Plan::Enterprise),
        _ => None,
    }
}

fn record(found: Subscription) -> SubscriptionRecord {
    SubscriptionRecord {
        stripe_id: found.id,
        customer: found.customer,
        status: SubscriptionStatus::from(found.status.as_str()),
        price: found.price,
        cancel_at_period_end: found.cancel_at_period_end,
        current_period_start: found.current_period_start,
        current_period_end: found.current_period_end,
        started_at: found.created,
    }
}

/// Trouble at Stripe, or with our key for it, spends no try: it passes, or a person puts it right.
fn setback(cx: &JobContext<Services>, error: ProviderError) -> JobError {
    let passes = matches!(
        error.class,
        Class::RateLimited | Class::Misconfigured | Class::Retry | Class::Unknown
    );
    if !passes || age(cx) > GIVE_UP_AFTER {
        return JobError::fail(error);
    }
    let jitter = f64::from(cx.job_id().0.as_bytes()[15]) / 255.0;
    let ours = retry::compute_backoff(u32::try_from(cx.fence()).unwrap_or(1), jitter);
    JobError::snooze(ours.max(error.retry_after.unwrap_or_default()), error)
}

/// Since the job was enqueued, as its id tells.
fn age(cx: &JobContext<Services>) -> TimeDelta {
    let made = cx.job_id().0.get_timestamp().and_then(|at| {
        let (seconds, nanos) = at.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    });
    made.map_or(TimeDelta::zero(), |made| cx.now() - made)
}
