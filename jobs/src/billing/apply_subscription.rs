//! Makes the company's subscription what Stripe says it is now. Reading the record instead of the
//! event is what makes duplicates and disorder harmless: whichever event comes last, the same is read.

use std::time::Duration;

use domain::billing::{self, Plan, Record, Seen};
use platform::queue::{Job, JobContext, JobError, JobResult, Queue, Uniqueness};
use providers::stripe::{Stripe, Subscription};
use providers::{Class, ProviderError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Fleet;

/// Where Stripe refuses for pace and doesn't say for how long.
const PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplySubscription {
    /// Stripe's id of the subscription.
    pub subscription: String,
}

impl Job<Fleet> for ApplySubscription {
    const NAME: &'static str = "billing.apply_subscription";
    const QUEUE: Queue = Queue::Fast;
    /// With the back-off this outlasts a long night of Stripe's.
    const MAX_ATTEMPTS: u16 = 15;

    /// One at a time, so that the answer written last is the one that was asked for last; an event
    /// that comes while Stripe is being asked makes it ask once more.
    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Reconciler(self.subscription.clone())
    }

    async fn run(self, cx: JobContext<Fleet>) -> JobResult {
        let stripe = &cx.world().providers.stripe;
        let found = stripe.fetch_subscription(&self.subscription).await.map_err(setback)?;
        let plan = plan_of_price(stripe, found.price.as_deref());
        if plan.is_none() {
            tracing::warn!(price = found.price, "price of no plan");
        }
        let mut tx = cx.begin().await?;
        let before = billing::find_held(&mut tx, &found.id).await?;
        let held = billing::hold(before, Seen { status: &found.status, plan }, cx.now());
        let status = found.status.clone();
        let changed = billing::apply_record(&mut tx, cx.company(), &record(found), held, cx.now()).await?;
        cx.finish(tx, json!({"plan": held.plan, "status": status, "changed": changed})).await
    }
}

fn plan_of_price(stripe: &Stripe, price: Option<&str>) -> Option<Plan> {
    match price {
        Some(price) if price == stripe.price_pro() => Some(Plan::Pro),
        Some(price) if price == stripe.price_enterprise() => Some(Plan::Enterprise),
        _ => None,
    }
}

fn record(found: Subscription) -> Record {
    Record {
        stripe_id: found.id,
        customer: found.customer,
        status: found.status,
        price: found.price,
        cancel_at_period_end: found.cancel_at_period_end,
        current_period_start: found.current_period_start,
        current_period_end: found.current_period_end,
        started_at: found.created,
    }
}

fn setback(error: ProviderError) -> JobError {
    match error.class {
        Class::RateLimited => JobError::retry_after(error.retry_after.unwrap_or(PAUSE), error),
        Class::Retry | Class::Unknown => JobError::retry(error),
        _ => JobError::fail(error),
    }
}
