//! Sends one message, once. What can't be sent now is tried again for as long as the message is worth
//! sending, however often that is: trouble at a provider spends no try of the job.
//!
//! | dies here | what the next try finds |
//! |---|---|
//! | before `intended` is committed | nothing: it sends |
//! | after it, before or in the call | an open effect: Twilio is searched after the settle delay, Brevo called again with the same key |
//! | after the call, before its record | the same; or Twilio's callback has settled it meanwhile |
//! | after the record | the message is sent: nothing to do |

use domain::notifications::{
    self, Channel, MessageClaim, MessageId, MessageState, OpenEffect, Outgoing, Rendered, SentAs,
};
use platform::db::Tx;
use platform::queue::{Job, JobContext, JobError, JobResult, Progress, Queue, Uniqueness};
use providers::ProviderError;
use providers::twilio::Content;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::{self, end, pause, wait_of};
use super::{email, whatsapp};
use crate::{Services, job};

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

impl Job<Services> for SendMessage {
    const NAME: &'static str = "notifications.send_message";
    const QUEUE: Queue = Queue::Fast;

    fn uniqueness(&self) -> Uniqueness {
        Uniqueness::Reconciler(self.message_id.to_string())
    }

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let mut tx = cx.begin().await?;
        match notifications::claim_message(&mut tx, self.message_id, cx.now()).await? {
            MessageClaim::Ended(state) => cx.finish(tx, json!({ "state": state })).await,
            MessageClaim::Send(message) => send(&cx, tx, message).await,
            MessageClaim::Repeat(message, effect) => repeat(&cx, tx, message, effect).await,
            MessageClaim::LookUp(message, effect) => settle(&cx, tx, message, effect).await,
        }
    }
}

fn words(services: &Services, message: &Outgoing) -> Result<Rendered, JobError> {
    let link = match message.alert_id {
        Some(alert) => format!("{}/api/v1/alerts/{alert}", services.public_url),
        None => services.public_url.clone(),
    };
    notifications::render_message(
        message.template,
        message.language,
        &message.variables,
        &link,
    )
    .map_err(JobError::fail)
}

/// Commits the intention, then calls.
async fn send(cx: &JobContext<Services>, mut tx: Tx, message: Outgoing) -> JobResult {
    let words = match words(cx.services(), &message) {
        Ok(words) => words,
        Err(error) => {
            return end(
                cx,
                tx,
                message.id,
                MessageState::Failed,
                "bad_template",
                &error.to_string(),
            )
            .await;
        }
    };
    let (sent_as, content) = match message.channel {
        Channel::Email => (SentAs::Email, None),
        Channel::Whatsapp => {
            let known =
                notifications::find_content_sid(&mut tx, message.template, message.language)
                    .await?;
            let sid = known.or_else(|| {
                whatsapp::sandbox_sid(cx.services(), message.template, message.language)
            });
            let Some(content) = whatsapp::content(&message, &words, sid) else {
                let reason = "outside the 24-hour window, and no approved template is known";
                return end(
                    cx,
                    tx,
                    message.id,
                    MessageState::Failed,
                    "no_template",
                    reason,
                )
                .await;
            };
            (whatsapp::sent_as(&content), Some(content))
        }
    };
    let effect = OpenEffect::record_intention(
        &mut tx,
        cx.company(),
        &message,
        sent_as,
        &words.text,
        cx.now(),
    )
    .await?;
    cx.checkpoint(tx, &Progress::default()).await?;
    call(
        cx,
        Ready {
            message,
            effect,
            words,
            content,
        },
    )
    .await
}

/// The same call with the same key as the try before.
async fn repeat(
    cx: &JobContext<Services>,
    mut tx: Tx,
    message: Outgoing,
    effect: OpenEffect,
) -> JobResult {
    let words = words(cx.services(), &message)?;
    effect.record_repetition(&mut tx).await?;
    cx.checkpoint(tx, &Progress::default()).await?;
    call(
        cx,
        Ready {
            message,
            effect,
            words,
            content: None,
        },
    )
    .await
}

async fn call(cx: &JobContext<Services>, ready: Ready) -> JobResult {
    let (services, company) = (cx.services(), cx.company());
    let Ready {
        message,
        effect,
        words,
        content,
    } = ready;
    let answer = match content {
        Some(content) => whatsapp::send(services, company, &message, &effect, content).await,
        None => email::send(services, company, &message, &effect, &words).await,
    };
    match answer {
        Ok(provider_id) => answer::sent(cx, effect.id, Some(provider_id)).await,
        Err(error) => answer::not_sent(cx, &message, &effect, error).await,
    }
}

/// An earlier try may have reached Twilio: search, and send again only when it surely didn't.
async fn settle(
    cx: &JobContext<Services>,
    tx: Tx,
    message: Outgoing,
    effect: OpenEffect,
) -> JobResult {
    tx.rollback().await?;
    if let Ok(early) = (effect.settle_at - cx.now()).to_std()
        && !early.is_zero()
    {
        return Err(JobError::snooze(
            early,
            "an earlier call may still show at the provider",
        ));
    }
    let found = match whatsapp::find(cx.services(), &message, &effect, cx.now()).await {
        Ok(found) => found,
        Err(error) => return not_found_out(cx, &message, error).await,
    };
    let mut tx = cx.begin().await?;
    let taken = notifications::list_assigned_provider_ids(&mut tx, &found).await?;
    if let Some(sid) = found.into_iter().find(|sid| !taken.contains(sid)) {
        tx.rollback().await?;
        return answer::sent(cx, effect.id, Some(sid)).await;
    }
    notifications::mark_absent(&mut tx, effect.id, cx.now()).await?;
    // The search took a while: a STOP may have come, or a callback.
    match notifications::claim_message(&mut tx, message.id, cx.now()).await? {
        MessageClaim::Send(message) => send(cx, tx, message).await,
        MessageClaim::Ended(state) => cx.finish(tx, json!({ "state": state })).await,
        MessageClaim::Repeat(..) | MessageClaim::LookUp(..) => {
            Err(JobError::retry("another try of the message is open"))
        }
    }
}

/// The search itself failed. It is repeated for as long as the message is worth sending; then nobody
/// can tell, so it isn't sent again, and whoever must not miss it gets an e-mail instead.
async fn not_found_out(
    cx: &JobContext<Services>,
    message: &Outgoing,
    error: ProviderError,
) -> JobResult {
    if message.expires_at > cx.now() {
        return Err(JobError::snooze(pause(cx, message, wait_of(&error)), error));
    }
    let mut tx = cx.begin().await?;
    let state = MessageState::Undetermined;
    notifications::mark_undetermined(
        &mut tx,
        message.id,
        "undetermined",
        &error.to_string(),
        cx.now(),
    )
    .await?;
    let instead =
        notifications::create_email_fallback(&mut tx, cx.company(), message.id, cx.now()).await?;
    tx.enqueue_all(
        instead
            .iter()
            .map(|id| job(cx.company(), &SendMessage { message_id: *id }))
            .collect(),
    )
    .await?;
    cx.finish(tx, json!({ "state": state, "instead": instead }))
        .await
}
