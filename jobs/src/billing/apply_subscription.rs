//! The subscription of a company, as Stripe has it.

use chrono::{DateTime, TimeDelta};
use domain::billing::{
    self, Entitlement, Plan, Precedence, SubscriptionRecord, SubscriptionStatus, UNPAID_NOTICE_DAYS,
};
use platform::db::Tx;
use platform::queue::{Job, JobContext, JobError, JobResult, Progress, Queue, Uniqueness, retry};
use providers::stripe::{Stripe, Subscription, SubscriptionItem};
use providers::{Class, ProviderError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::RemindUnpaid;
use super::duplicate::undo_duplicate;
use crate::{Services, company_job};

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
        let invoice = found.latest_invoice.clone();
        let read = ReadSubscription::new(stripe, found);
        let (company, now) = (cx.company(), cx.now());
        let mut tx = cx.begin().await?;
        let record = &read.record;
        let place =
            billing::record_precedence(&mut tx, company, record, invoice.as_deref(), now).await?;
        let later = match place {
            Precedence::Alone => Vec::new(),
            Precedence::First(later) => later,
            Precedence::Duplicate(duplicate) => {
                let progress = Progress {
                    message: "a second payment is undone".to_owned(),
                    ..Progress::default()
                };
                cx.checkpoint(tx, &progress).await?;
                return undo_duplicate(&cx, &duplicate, &read).await;
            }
        };
        // Each of them finds this one before it.
        let later = later.into_iter().map(|subscription| Self { subscription });
        tx.enqueue_all(later.map(|job| company_job(company, &job)).collect())
            .await?;
        let result = read.store(&mut tx, &cx).await?;
        cx.finish(tx, result).await
    }
}

/// A subscription as Stripe has it, with its plan.
pub(super) struct ReadSubscription {
    pub(super) record: SubscriptionRecord,
    plan: Option<Plan>,
}

impl ReadSubscription {
    pub(super) fn new(stripe: &Stripe, found: Subscription) -> Self {
        let (plan, item) = find_plan_item(stripe, &found);
        if plan.is_none() {
            tracing::warn!(
                price = found.price,
                "no plan has a price of the subscription"
            );
        }
        let item = item.cloned();
        Self {
            record: to_record(found, item),
            plan,
        }
    }

    /// Stores the record and what it entitles to. Returns the job's result.
    pub(super) async fn store(
        &self,
        tx: &mut Tx,
        cx: &JobContext<Services>,
    ) -> Result<Value, JobError> {
        let record = &self.record;
        let before = billing::lock_entitlement(tx, &record.stripe_id).await?;
        let held = billing::compute_entitlement(before, &record.status, self.plan, cx.now());
        let changed = billing::apply_record(tx, cx.company(), record, held, cx.now()).await?;
        if changed {
            announce_unpaid(tx, cx, &record.stripe_id, (before, held)).await?;
        }
        Ok(json!({"plan": held.plan, "status": record.status, "changed": changed}))
    }
}

/// Enqueues the messages about a subscription that was paid before and is unpaid now.
async fn announce_unpaid(
    tx: &mut Tx,
    cx: &JobContext<Services>,
    subscription: &str,
    (before, held): (Option<Entitlement>, Entitlement),
) -> Result<(), JobError> {
    let known_since = before.and_then(|before| before.late_since);
    let Some(late_since) = held.late_since.filter(|_| known_since.is_none()) else {
        return Ok(());
    };
    let notices = UNPAID_NOTICE_DAYS.map(|day| {
        let notice = RemindUnpaid {
            subscription: subscription.to_owned(),
            late_since,
            day,
        };
        company_job(cx.company(), &notice).at(late_since + TimeDelta::days(day))
    });
    tx.enqueue_all(notices.into()).await?;
    Ok(())
}

/// Returns the highest plan among the subscription's items, with its item. The others are add-ons.
fn find_plan_item<'a>(
    stripe: &Stripe,
    found: &'a Subscription,
) -> (Option<Plan>, Option<&'a SubscriptionItem>) {
    let items = found.items.iter();
    let plans = items.filter_map(|item| Some((plan_of_price(stripe, item)?, item)));
    plans
        .max_by_key(|(plan, _)| *plan)
        .map_or((None, None), |(plan, item)| (Some(plan), Some(item)))
}

fn plan_of_price(stripe: &Stripe, item: &SubscriptionItem) -> Option<Plan> {
    match item.price.as_deref() {
        Some(price) if price == stripe.price_pro() => Some(Plan::Pro),
        Some(price) if price == stripe.price_enterprise() => Some(Plan::Enterprise),
        _ => None,
    }
}

/// Returns what is stored of a subscription; `item` is the one of its plan.
pub(super) fn to_record(found: Subscription, item: Option<SubscriptionItem>) -> SubscriptionRecord {
    let item = item.unwrap_or(SubscriptionItem {
        price: found.price,
        current_period_start: found.current_period_start,
        current_period_end: found.current_period_end,
    });
    SubscriptionRecord {
        stripe_id: found.id,
        customer: found.customer,
        status: SubscriptionStatus::from(found.status.as_str()),
        price: item.price,
        cancel_at_period_end: found.cancel_at_period_end,
        cancel_at: found.cancel_at,
        current_period_start: item.current_period_start,
        current_period_end: item.current_period_end,
        started_at: found.created,
    }
}

/// A failure at Stripe or of our key spends no attempt: it ends by itself, or a person mends it.
pub(super) fn to_job_error(cx: &JobContext<Services>, error: ProviderError) -> JobError {
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
