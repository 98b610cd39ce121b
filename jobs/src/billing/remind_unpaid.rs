//! The messages about a subscription that could not be paid.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::billing;
use domain::identity;
use domain::notifications::{self, Template};
use platform::queue::{Job, JobContext, JobError, JobResult, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Services;
use crate::notifications::enqueue_messages;

/// Notifies the people who can pay that a subscription is unpaid.
///
/// - Trigger: the subscription becomes unpaid; one job at once, and one for each later day of
///   notice.
/// - Uniqueness: one open job for each notice.
/// - Rerun: nothing was sent before, because the messages and the end of the job are one commit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemindUnpaid {
    /// Stripe's id of the subscription.
    pub subscription: String,
    /// Unpaid since; where the subscription was paid meanwhile, nobody is notified.
    pub late_since: DateTime<Utc>,
    /// Days after `late_since`.
    pub day: i64,
}

impl Job<Services> for RemindUnpaid {
    const NAME: &'static str = "billing.remind_unpaid";
    const QUEUE: Queue = Queue::Fast;

    fn uniqueness(&self) -> Uniqueness {
        let since = self.late_since.timestamp();
        Uniqueness::WhileOpen(format!("{}:{since}:{}", self.subscription, self.day))
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let mut tx = cx.begin().await?;
        let held = billing::lock_entitlement(&mut tx, &self.subscription).await?;
        let still_late = held.filter(|held| held.late_since == Some(self.late_since));
        let Some(grace_end) = still_late.and_then(billing::Entitlement::grace_end) else {
            return cx
                .finish(tx, json!({"notified": 0, "reason": "paid meanwhile"}))
                .await;
        };
        let company = identity::companies::require_company(&mut tx, cx.company()).await?;
        let zone: Tz = company.timezone.parse().map_err(JobError::fail)?;
        let details = json!({"ends_on": grace_end.with_timezone(&zone).date_naive()});
        let template = Template::BillingUnpaid;
        let messages =
            notifications::notify_admins(&mut tx, cx.company(), template, &details, cx.now())
                .await?;
        enqueue_messages(&mut tx, cx.company(), &messages).await?;
        cx.finish(tx, json!({ "notified": messages.len() })).await
    }
}
