//! The subscription of a company, as Stripe has it.

use chrono::{DateTime, TimeDelta};
use domain::billing::{self, Plan, SubscriptionRecord, SubscriptionStatus};
use platform::queue::{Job, JobContext, JobError, JobResult, Queue, Uniqueness, retry};
use providers::stripe::{Stripe, Subscription};
use providers::{Class, ProviderError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Services;

/// The daily reconciliation enqueues the job again, so that a longer wait serves nothing.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::days(3);

/// Stores the company's subscription as Stripe has it now. It reads the subscription and not an
/// event, so that the order and the number of events do not matter.
///
/// - Trigger: an event of Stripe, and daily.
/// - Uniqueness: one open job for each subscription, so that the last response is written last; a
///   duplicate while it runs requests a rerun.
/// - Rerun: reads and stores the subscription again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplySubscription {
    /// Stripe's id of the subscription.
    pub subscription: String,
}

impl Job<Services> for ApplySubscription {
    const NAME: &'static str = "billing.apply_subscription";
    const QUEUE: Queue = Queue::Fast;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Reconciler(self.subscription.clone())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let stripe = &cx.services().providers.stripe;
        let found = stripe
            .fetch_subscription(&self.subscription)
            .await
            .map_err(|error| to_job_error(&cx, error))?;
        let plan = plan_of_price(stripe, found.price.as_deref());
        if plan.is_none() {
            tracing::warn!(price = found.price, "no plan has this price");
        }
        let mut tx = cx.begin().await?;
        let before = billing::lock_entitlement(&mut tx, &found.id).await?;
        let record = to_record(found);
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

fn to_record(found: Subscription) -> SubscriptionRecord {
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

/// A failure at Stripe or of our key spends no attempt: it ends by itself, or a person mends it.
fn to_job_error(cx: &JobContext<Services>, error: ProviderError) -> JobError {
    let is_temporary = matches!(
        error.class,
        Class::RateLimited | Class::Misconfigured | Class::Retry | Class::Unknown
    );
    if !is_temporary || age_of(cx) > GIVE_UP_AFTER {
        return JobError::fail(error);
    }
    let jitter = f64::from(cx.job_id().0.as_bytes()[15]) / 255.0;
    let ours = retry::compute_backoff(u32::try_from(cx.fence()).unwrap_or(1), jitter);
    JobError::snooze(ours.max(error.retry_after.unwrap_or_default()), error)
}

/// Returns the time since the job was enqueued, from its id.
fn age_of(cx: &JobContext<Services>) -> TimeDelta {
    let created_at = cx.job_id().0.get_timestamp().and_then(|at| {
        let (seconds, nanos) = at.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    });
    created_at.map_or(TimeDelta::zero(), |created_at| cx.now() - created_at)
}
