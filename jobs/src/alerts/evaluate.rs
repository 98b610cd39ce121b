//! The evaluation of a company's alert rules.

use chrono::{DateTime, Utc};
use domain::alerts::{self, AlertMessage, AppliedTransition, Rule, Transition};
use domain::notifications::{self, MESSAGE_LIFETIME, NewNotification, NotNotifiedReason, Template};
use platform::db::Tx;
use platform::ids::{CompanyId, Uuid};
use platform::queue::{EnqueuedBy, Job, JobContext, JobError, JobResult, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::notifications::SendMessage;
use crate::rupture::refresh_outlooks;
use crate::{Services, company_job};

/// Opens, updates and resolves the alerts of a company, and notifies each recipient once. All of it
/// is one transaction with a constant number of statements.
///
/// - Trigger: every 5 minutes, and after movements, sales and imports.
/// - Uniqueness: one open job for each company; a duplicate while it runs requests a rerun.
/// - Rerun: changes nothing where stock and rules are the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluateAlerts {}

impl Job<Services> for EvaluateAlerts {
    const NAME: &'static str = "alerts.evaluate";
    const QUEUE: Queue = Queue::Fast;
    const ENQUEUED_BY: EnqueuedBy = EnqueuedBy::Supervisors;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Reconciler(String::new())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let mut tx = cx.begin().await?;
        let done = evaluate_company(&mut tx, cx.company(), cx.now()).await?;
        let result = json!({ "changed": done.changed, "messages": done.messages });
        cx.finish(tx, result).await
    }
}

/// The changes that an evaluation made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluated {
    /// Alerts opened, updated or resolved.
    pub changed: usize,
    pub messages: usize,
}

/// Evaluates a company within `tx`. It locks the rules first, so that a second evaluation of the
/// company waits for this one and finds nothing left to change.
pub async fn evaluate_company(
    tx: &mut Tx,
    company: CompanyId,
    now: DateTime<Utc>,
) -> Result<Evaluated, JobError> {
    let rules = alerts::lock_rules(tx).await?;
    alerts::end_due_snoozes(tx, now).await?;
    let products = refresh_outlooks(tx, company, now).await?;
    let open = alerts::lock_open_alerts(tx).await?;
    let transitions = alerts::evaluate_rules(&rules, &products, &open);
    let applied = alerts::apply_transitions(tx, company, &transitions, now).await?;
    let messages = notify_recipients(tx, company, &rules, &transitions, &applied, now).await?;
    Ok(Evaluated {
        changed: applied.len(),
        messages,
    })
}

/// Writes one message for each recipient of a transition, and one job for each message.
async fn notify_recipients(
    tx: &mut Tx,
    company: CompanyId,
    rules: &[Rule],
    transitions: &[Transition],
    applied: &[AppliedTransition],
    now: DateTime<Utc>,
) -> Result<usize, JobError> {
    if applied
        .iter()
        .map(|a| &transitions[a.transition])
        .all(|v| v.cause.is_none() && !v.withheld)
    {
        return Ok(0);
    }
    let audience = alerts::load_audience(tx).await?;
    let mut notices = Vec::new();
    let mut silent: Vec<(Uuid, NotNotifiedReason)> = Vec::new();
    for change in applied {
        let transition = &transitions[change.transition];
        let Some(rule) = rules.iter().find(|rule| rule.id == transition.rule_id) else {
            continue;
        };
        match build_notices(rule, transition, change, &audience, now) {
            Ok(new) => notices.extend(new),
            Err(reason) => silent.push((change.alert.0, reason)),
        }
    }
    notifications::record_not_notified(tx, company, &silent, now).await?;
    let made = notifications::create_notifications(tx, company, &notices, now).await?;
    let jobs = made.iter().map(|message| {
        company_job(
            company,
            &SendMessage {
                message_id: *message,
            },
        )
    });
    tx.enqueue_all(jobs.collect()).await?;
    Ok(made.len())
}

/// Returns the notices of a transition, or the reason why nobody is notified.
fn build_notices(
    rule: &Rule,
    transition: &Transition,
    change: &AppliedTransition,
    audience: &alerts::Audience,
    now: DateTime<Utc>,
) -> Result<Vec<NewNotification>, NotNotifiedReason> {
    if transition.withheld {
        return Err(NotNotifiedReason::Snoozed);
    }
    let Some(cause) = transition.cause else {
        return Ok(Vec::new());
    };
    let destinations = alerts::collect_destinations(rule, audience);
    if destinations.is_empty() {
        return Err(NotNotifiedReason::NoAddress);
    }
    let message = AlertMessage::new(&audience.company, cause, transition);
    let variables = json!(message);
    let notice = |to: alerts::Destination| NewNotification {
        alert_id: change.alert.0,
        revision: change.revision,
        cause,
        channel: to.channel,
        recipient: to.address,
        user_id: to.user_id,
        language: to.language,
        template: Template::Alert,
        variables: variables.clone(),
        expires_at: now + MESSAGE_LIFETIME,
    };
    Ok(destinations.into_iter().map(notice).collect())
}
