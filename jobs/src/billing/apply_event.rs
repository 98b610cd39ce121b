//! The routing of Stripe's events to companies.

use domain::billing::{self, EventState, Notice};
use platform::queue::{Job, JobContext, JobError, JobResult, Platform, Queue, Uniqueness};
use providers::stripe::Event;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ApplySubscription;
use crate::{Services, company_job};

/// Finds the company of a stored event and enqueues [`ApplySubscription`]. It uses only the
/// subscription's id and owner, so that repeated and late events are harmless.
///
/// - Trigger: Stripe's webhook.
/// - Uniqueness: one open job for each event.
/// - Rerun: enqueues the same job again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplyEvent {
    /// Stripe's id of the event.
    pub event: String,
}

impl Job<Services, Platform> for ApplyEvent {
    const NAME: &'static str = "billing.apply_event";
    const QUEUE: Queue = Queue::Fast;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::WhileOpen(self.event.clone())
    }

    async fn run(self, cx: JobContext<Services, Platform>) -> JobResult {
        let mut tx = cx.begin().await?;
        let body = billing::load_event_body(&mut tx, &self.event).await?;
        let event = Event::parse(&body).map_err(JobError::fail)?;
        let (state, company) = match Notice::of_event(&event.kind, &event.object) {
            Notice::Irrelevant => (EventState::Ignored, None),
            Notice::Subscription(subject) => {
                match billing::find_event_company(&mut tx, &subject).await? {
                    None => (EventState::Unmatched, None),
                    Some(company) => {
                        let apply = ApplySubscription {
                            subscription: subject.subscription,
                        };
                        tx.enqueue(company_job(company, &apply)).await?;
                        (EventState::Routed, Some(company))
                    }
                }
            }
        };
        billing::record_event_state(&mut tx, &self.event, state, cx.now()).await?;
        cx.finish(tx, json!({"kind": event.kind, "company_id": company}))
            .await
    }
}
