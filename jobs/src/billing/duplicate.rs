//! A second payment: the later subscription is cancelled, its payment refunded, and the company
//! notified.
//!
//! The duplicate is committed before the first call. Each call may be repeated: a cancelled
//! subscription is not cancelled again, and the refund has an idempotency key.

use domain::billing::{self, DuplicateSubscription, Entitlement, SubscriptionRecord};
use domain::notifications::{self, Template};
use platform::queue::{JobContext, JobResult};
use providers::stripe::Stripe;
use providers::{Class, ProviderError};
use serde_json::json;

use super::apply_subscription::{ReadSubscription, to_job_error, to_record};
use crate::Services;
use crate::notifications::enqueue_messages;

const ALREADY_REFUNDED: &str = "charge_already_refunded";

/// Undoes a duplicate at Stripe and stores it as it is then. `read` is the duplicate before.
pub(super) async fn undo_duplicate(
    cx: &JobContext<Services>,
    duplicate: &DuplicateSubscription,
    read: &ReadSubscription,
) -> JobResult {
    let stripe = &cx.services().providers.stripe;
    if read.record.status.is_running() {
        let kept = stripe.fetch_subscription(&duplicate.kept_stripe_id).await;
        let kept = kept.map_err(|error| to_job_error(cx, error))?;
        let kept = ReadSubscription::new(stripe, kept);
        if !kept.record.status.is_paid() {
            return keep_duplicate(cx, duplicate, read, &kept).await;
        }
    }
    let (record, refund) = cancel_and_refund(stripe, duplicate)
        .await
        .map_err(|error| to_job_error(cx, error))?;
    tracing::warn!(
        subscription = duplicate.stripe_id,
        refund,
        "a second payment was cancelled and refunded"
    );
    let (company, now) = (cx.company(), cx.now());
    let mut tx = cx.begin().await?;
    billing::apply_record(&mut tx, company, &record, Entitlement::NONE, now).await?;
    if billing::settle_duplicate(&mut tx, &duplicate.stripe_id, refund.as_deref(), now).await? {
        let template = Template::BillingDuplicate;
        let messages =
            notifications::notify_admins(&mut tx, company, template, &json!({}), now).await?;
        enqueue_messages(&mut tx, company, &messages).await?;
    }
    cx.finish(
        tx,
        json!({"duplicate": duplicate.stripe_id, "refund": refund}),
    )
    .await
}

/// Stores both subscriptions, because the one before has ended: the other is no duplicate.
async fn keep_duplicate(
    cx: &JobContext<Services>,
    duplicate: &DuplicateSubscription,
    read: &ReadSubscription,
    before: &ReadSubscription,
) -> JobResult {
    let mut tx = cx.begin().await?;
    billing::discard_duplicate(&mut tx, &duplicate.stripe_id).await?;
    before.store(&mut tx, cx).await?;
    let result = read.store(&mut tx, cx).await?;
    cx.finish(tx, result).await
}

async fn cancel_and_refund(
    stripe: &Stripe,
    duplicate: &DuplicateSubscription,
) -> Result<(SubscriptionRecord, Option<String>), ProviderError> {
    let id = &duplicate.stripe_id;
    let cancelled = match stripe.cancel_subscription(id).await {
        // An earlier attempt has cancelled it.
        Err(error) if error.is_not_found() => stripe.fetch_subscription(id).await?,
        cancelled => cancelled?,
    };
    let payment = match duplicate.invoice.as_deref() {
        Some(invoice) => stripe.find_invoice_payment(invoice).await?,
        None => None,
    };
    let refund = match payment {
        Some(payment) => refund_payment(stripe, id, &payment).await?,
        None => None,
    };
    Ok((to_record(cancelled, None), refund))
}

async fn refund_payment(
    stripe: &Stripe,
    subscription: &str,
    payment: &str,
) -> Result<Option<String>, ProviderError> {
    let key = format!("refund-{subscription}");
    match stripe.create_refund(payment, &key).await {
        Err(error)
            if error.class == Class::Permanent
                && error.code.as_deref() == Some(ALREADY_REFUNDED) =>
        {
            Ok(None)
        }
        refund => refund.map(Some),
    }
}
