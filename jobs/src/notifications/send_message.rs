//! Sends one message, once.
//!
//! | dies here | what the next try finds |
//! |---|---|
//! | before `intended` is committed | nothing: it sends |
//! | after it, before or in the call | an open effect: Twilio is searched after the settle delay, Brevo called again with the same key |
//! | after the call, before its record | the same; or Twilio's callback has settled it meanwhile |
//! | after the record | the message is sent: nothing to do |

use std::time::Duration;

use domain::notifications::{
    self, Channel, Claimed, EffectId, MessageId, MessageState, OpenEffect, Outgoing, Rendered, SuppressionReason,
};
use platform::db::{self, Tx};
use platform::queue::{Job, JobContext, JobError, JobResult, Progress, Queue, Uniqueness};
use providers::ProviderError;
use providers::twilio::Content;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::outcome::{Outcome, outcome};
use super::{email, whatsapp};
use crate::Fleet;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    pub message_id: MessageId,
}

/// Everything that a call needs, put together before it.
struct Ready {
    message: Outgoing,
    effect: OpenEffect,
    words: Rendered,
    /// For WhatsApp alone.
    content: Option<Content>,
}

impl Job<Fleet> for SendMessage {
    const NAME: &'static str = "notifications.send_message";
    const QUEUE: Queue = Queue::Fast;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Reconciler(self.message_id.to_string())
    }

    async fn run(self, cx: JobContext<Fleet>) -> JobResult {
        let mut tx = cx.begin().await?;
        match notifications::claim_message(&mut tx, self.message_id, cx.now()).await? {
            Claimed::Over(state) => cx.finish(tx, json!({ "state": state })).await,
            Claimed::Send(message) => send(&cx, tx, message).await,
            Claimed::Unsettled(message, effect) => match message.channel {
                Channel::Email => send_again(&cx, tx, message, effect).await,
                Channel::Whatsapp => settle(&cx, tx, message, effect).await,
            },
        }
    }
}

fn words(fleet: &Fleet, message: &Outgoing) -> Result<Rendered, JobError> {
    let link = match message.alert_id {
        Some(alert) => format!("{}/api/v1/alerts/{alert}", fleet.public_url),
        None => fleet.public_url.clone(),
    };
    notifications::render(message.template, message.language, &message.variables, &link).map_err(JobError::fail)
}

/// Commits the intention, then calls.
async fn send(cx: &JobContext<Fleet>, mut tx: Tx, message: Outgoing) -> JobResult {
    let words = match words(cx.world(), &message) {
        Ok(words) => words,
        Err(error) => {
            return end(cx, tx, message.id, MessageState::Failed, "bad_template", &error.to_string()).await;
        }
    };
    let (sent_as, content) = match message.channel {
        Channel::Email => ("email", None),
        Channel::Whatsapp => {
            let known = notifications::known_content_sid(&mut tx, message.template, message.language).await?;
            let sid = known.or_else(|| whatsapp::sandbox_sid(cx.world(), message.template, message.language));
            let Some(content) = whatsapp::content(&message, &words, sid) else {
                let reason = "outside the 24-hour window, and no approved template is known";
                return end(cx, tx, message.id, MessageState::Failed, "no_template", reason).await;
            };
            (whatsapp::sent_as(&content), Some(content))
        }
    };
    let effect = OpenEffect::intend(&mut tx, cx.company(), &message, sent_as, &words.text, cx.now()).await?;
    cx.checkpoint(tx, &Progress::default()).await?;
    call(cx, Ready { message, effect, words, content }).await
}

/// The same call with the same key as the try before.
async fn send_again(cx: &JobContext<Fleet>, tx: Tx, message: Outgoing, effect: OpenEffect) -> JobResult {
    tx.rollback().await?;
    let words = words(cx.world(), &message)?;
    call(cx, Ready { message, effect, words, content: None }).await
}

async fn call(cx: &JobContext<Fleet>, ready: Ready) -> JobResult {
    let (fleet, company) = (cx.world(), cx.company());
    let Ready { message, effect, words, content } = ready;
    let answer = match content {
        Some(content) => whatsapp::send(fleet, company, &message, &effect, content).await,
        None => email::send(fleet, company, &message, &effect, &words).await,
    };
    match answer {
        Ok(provider_id) => sent(cx, effect.id, Some(provider_id)).await,
        Err(error) => not_sent(cx, &message, effect.id, error).await,
    }
}

/// Records what the provider has. Where another claim took the job over meanwhile, the record is
/// made all the same: it is the truth, and spares that claim the search.
async fn sent(cx: &JobContext<Fleet>, effect: EffectId, provider_id: Option<String>) -> JobResult {
    let mut tx = cx.begin().await?;
    notifications::record_sent(&mut tx, effect, provider_id.as_deref(), cx.now()).await?;
    let finished = cx.finish(tx, json!({ "state": "sent", "provider_id": provider_id })).await;
    if matches!(finished, Err(JobError::Lost)) {
        let mut tx = cx.begin().await?;
        notifications::record_sent(&mut tx, effect, provider_id.as_deref(), cx.now()).await?;
        tx.commit().await?;
    }
    finished
}

async fn not_sent(cx: &JobContext<Fleet>, message: &Outgoing, effect: EffectId, error: ProviderError) -> JobResult {
    match outcome(&error) {
        Outcome::Done => sent(cx, effect, None).await,
        Outcome::LookUp(settle) => lost(cx, message, effect, settle, error).await,
        // Brevo's effect stays: the next try repeats it with its key.
        Outcome::TryAgain if message.channel == Channel::Email && !cx.is_last_attempt() => Err(JobError::retry(error)),
        Outcome::TryAgain if !cx.is_last_attempt() => {
            surely_not_done(cx, effect).await?;
            Err(JobError::retry(error))
        }
        Outcome::Wait(wait) => {
            surely_not_done(cx, effect).await?;
            Err(JobError::snooze(wait, error))
        }
        Outcome::UseTemplate if message.window_open => {
            let mut tx = cx.begin().await?;
            notifications::mark_absent(&mut tx, effect, cx.now()).await?;
            notifications::forget_window(&mut tx, &message.recipient).await?;
            tx.commit().await?;
            Err(JobError::snooze(Duration::ZERO, error))
        }
        Outcome::End(state, suppression) => refused(cx, message, effect, (state, suppression), &error).await,
        Outcome::TryAgain | Outcome::UseTemplate => {
            refused(cx, message, effect, (MessageState::Failed, None), &error).await
        }
    }
}

/// The answer was lost: the next try looks it up, and after the last nobody can tell.
async fn lost(
    cx: &JobContext<Fleet>,
    message: &Outgoing,
    effect: EffectId,
    settle: Duration,
    error: ProviderError,
) -> JobResult {
    let mut tx = cx.begin().await?;
    let now = db::now(&mut tx).await?;
    notifications::mark_unknown(&mut tx, effect, now + settle).await?;
    if cx.is_last_attempt() {
        notifications::mark_undetermined(&mut tx, message.id, &error.to_string(), now).await?;
        tx.commit().await?;
        return Err(JobError::fail(error));
    }
    tx.commit().await?;
    Err(JobError::retry_after(settle, error))
}

async fn surely_not_done(cx: &JobContext<Fleet>, effect: EffectId) -> Result<(), JobError> {
    let mut tx = cx.begin().await?;
    notifications::mark_absent(&mut tx, effect, cx.now()).await?;
    Ok(tx.commit().await?)
}

/// The provider said no, and asking again would give the same answer.
async fn refused(
    cx: &JobContext<Fleet>,
    message: &Outgoing,
    effect: EffectId,
    (state, suppression): (MessageState, Option<SuppressionReason>),
    error: &ProviderError,
) -> JobResult {
    let mut tx = cx.begin().await?;
    if let Some(reason) = suppression {
        let (company, channel) = (cx.company(), message.channel);
        notifications::suppress(&mut tx, company, channel, &message.recipient, reason, cx.now()).await?;
    }
    notifications::mark_absent(&mut tx, effect, cx.now()).await?;
    let code = error.code.as_deref().unwrap_or(error.class.as_str());
    end(cx, tx, message.id, state, code, &error.to_string()).await
}

/// Ends a message that the provider surely doesn't have.
async fn end(
    cx: &JobContext<Fleet>,
    mut tx: Tx,
    message: MessageId,
    state: MessageState,
    code: &str,
    reason: &str,
) -> JobResult {
    notifications::end_unsent(&mut tx, message, state, code, reason, cx.now()).await?;
    cx.finish(tx, json!({ "state": state, "code": code })).await
}

/// An earlier try may have reached Twilio: search, and send again only when it surely didn't.
async fn settle(cx: &JobContext<Fleet>, tx: Tx, message: Outgoing, effect: OpenEffect) -> JobResult {
    tx.rollback().await?;
    if let Ok(early) = (effect.settle_at - cx.now()).to_std()
        && !early.is_zero()
    {
        return Err(JobError::snooze(early, "an earlier call may still show at the provider"));
    }
    let found = match whatsapp::find(cx.world(), &message, &effect, cx.now()).await {
        Ok(found) => found,
        Err(error) => return not_found_out(cx, &message, error).await,
    };
    let mut tx = cx.begin().await?;
    let taken = notifications::taken_provider_ids(&mut tx, &found).await?;
    if let Some(sid) = found.into_iter().find(|sid| !taken.contains(sid)) {
        tx.rollback().await?;
        return sent(cx, effect.id, Some(sid)).await;
    }
    notifications::mark_absent(&mut tx, effect.id, cx.now()).await?;
    if message.expires_at.is_some_and(|at| at <= cx.now()) {
        let reason = "out of date before it could be sent";
        return end(cx, tx, message.id, MessageState::Expired, "expired", reason).await;
    }
    send(cx, tx, message).await
}

/// The search itself failed. When tries run out nobody can tell, so it isn't sent again.
async fn not_found_out(cx: &JobContext<Fleet>, message: &Outgoing, error: ProviderError) -> JobResult {
    if cx.is_last_attempt() {
        let mut tx = cx.begin().await?;
        notifications::mark_undetermined(&mut tx, message.id, &error.to_string(), cx.now()).await?;
        tx.commit().await?;
        return Err(JobError::fail(error));
    }
    match outcome(&error) {
        Outcome::Wait(wait) => Err(JobError::snooze(wait, error)),
        _ => Err(JobError::retry(error)),
    }
}
