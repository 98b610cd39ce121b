//! The evaluation of a company's alert rules.

use chrono::{DateTime, Utc};
use domain::alerts::{self, AlertMessage, Applied, Rule, Verdict};
use domain::notifications::{self, NewNotice, Template, WORTH_SENDING};
use platform::db::Tx;
use platform::ids::{CompanyId, Uuid};
use platform::queue::{EnqueuedBy, Job, JobContext, JobError, JobResult, Queue, Uniqueness};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::notifications::SendMessage;
use crate::rupture::refresh_outlooks;
use crate::{Services, job};

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
    alerts::wake_snoozed(tx, now).await?;
    let products = refresh_outlooks(tx, company, now).await?;
    let open = alerts::lock_open(tx).await?;
    let verdicts = alerts::evaluate(&rules, &products, &open);
    let applied = alerts::apply(tx, company, &rules, &verdicts, now).await?;
    let messages = notify_recipients(tx, company, &rules, &verdicts, &applied, now).await?;
    Ok(Evaluated {
        changed: applied.len(),
        messages,
    })
}

/// Writes one message for each recipient of a verdict, and one job for each message.
async fn notify_recipients(
    tx: &mut Tx,
    company: CompanyId,
    rules: &[Rule],
    verdicts: &[Verdict],
    applied: &[Applied],
    now: DateTime<Utc>,
) -> Result<usize, JobError> {
    if applied
        .iter()
        .map(|a| &verdicts[a.verdict])
        .all(|v| v.cause.is_none() && !v.withheld)
    {
        return Ok(0);
    }
    let audience = alerts::load_people(tx).await?;
    let mut notices = Vec::new();
    let mut silent: Vec<(Uuid, &'static str)> = Vec::new();
    for told in applied {
        let verdict = &verdicts[told.verdict];
        let Some(rule) = rules.iter().find(|rule| rule.id == verdict.rule_id) else {
            continue;
        };
        match build_notices(rule, verdict, told, &audience, now) {
            Ok(new) => notices.extend(new),
            Err(reason) => silent.push((told.alert.0, reason)),
        }
    }
    notifications::note_unreachable(tx, company, &silent, now).await?;
    let made = notifications::create_notices(tx, company, &notices, now).await?;
    let jobs = made.iter().map(|message| {
        job(
            company,
            &SendMessage {
                message_id: *message,
            },
        )
    });
    tx.enqueue_all(jobs.collect()).await?;
    Ok(made.len())
}

/// Returns the notices of a verdict, or the reason why nobody is notified.
fn build_notices(
    rule: &Rule,
    verdict: &Verdict,
    told: &Applied,
    audience: &alerts::Audience,
    now: DateTime<Utc>,
) -> Result<Vec<NewNotice>, &'static str> {
    if verdict.withheld {
        return Err("snoozed");
    }
    let Some(cause) = verdict.cause else {
        return Ok(Vec::new());
    };
    let destinations = alerts::destinations(rule, &audience.people, audience.language);
    if destinations.is_empty() {
        return Err("no_address");
    }
    let message = AlertMessage::new(&audience.company, rule.condition.kind(), cause, verdict);
    let variables = serde_json::to_value(&message).expect("an alert message is JSON");
    let notice = |to: alerts::Destination| NewNotice {
        alert_id: told.alert.0,
        revision: told.revision,
        cause: cause.as_str().to_owned(),
        channel: to.channel,
        recipient: to.address,
        user_id: to.user_id,
        language: to.language,
        template: Template::Alert,
        variables: variables.clone(),
        expires_at: now + WORTH_SENDING,
    };
    Ok(destinations.into_iter().map(notice).collect())
}
