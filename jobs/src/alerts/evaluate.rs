//! Looks at a company's stock and opens, updates and ends its alerts; who must be told gets one
//! message each. All of it is one transaction with a constant number of statements.

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

/// By the tick, after imports, after movements: takes no details, looks at everything.
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
        let done = evaluate(&mut tx, cx.company(), cx.now()).await?;
        let result = json!({ "changed": done.changed, "messages": done.messages });
        cx.finish(tx, result).await
    }
}

/// What an evaluation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluated {
    /// Alerts opened, updated or ended.
    pub changed: usize,
    pub messages: usize,
}

/// Evaluates a company within `tx`. Rules are locked first: a second evaluation of the company waits
/// there, and then finds nothing left.
///
/// # Errors
/// The database's.
pub async fn evaluate(
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
    let messages = tell(tx, company, &rules, &verdicts, &applied, now).await?;
    Ok(Evaluated {
        changed: applied.len(),
        messages,
    })
}

/// Writes the notices of the verdicts, and one job for each message.
async fn tell(
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
        match notices_of(rule, verdict, told, &audience, now) {
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

/// Who is told of a verdict, or why nobody is.
fn notices_of(
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
    let variables = serde_json::to_value(&message).unwrap_or_default();
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
