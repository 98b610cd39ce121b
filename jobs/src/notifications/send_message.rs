//! The sending of one message, once.
//!
//! | dies here | what the next attempt finds |
//! |---|---|
//! | before `intended` is committed | no effect: it sends |
//! | before the end of the call | an open effect: Twilio is searched, Brevo called again |
//! | after the call, before its record | the same, unless a callback has settled the effect |
//! | after the record | the message is sent: nothing to do |
//!
//! Twilio is searched after a delay in which a late send shows; Brevo deduplicates by the same key.

use domain::notifications::{
    self, Channel, MessageClaim, MessageId, MessageState, OpenEffect, Outgoing, Rendered, SentAs,
};
use platform::db::Tx;
use platform::queue::{Job, JobContext, JobError, JobResult, Progress, Queue, Uniqueness};
use providers::ProviderError;
use providers::twilio::Content;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call_record::{
    back_off, end_message, record_failed_call, record_sent, requested_wait, require_sender,
};
use super::{email, whatsapp};
use crate::{Services, company_job};

/// Sends one message. A failure of the provider spends no attempt: the job is rescheduled until the
/// message expires.
///
/// - Trigger: the message is written, and a person or a callback that requests another attempt.
/// - Uniqueness: one open job for each message; a duplicate while it runs requests a rerun.
/// - Rerun: nothing once the message is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    pub message_id: MessageId,
}

/// Everything that the call to the provider needs.
struct PreparedCall {
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
            MessageClaim::Send(message) => send_first(&cx, tx, message).await,
            MessageClaim::Repeat(message, effect) => repeat_email(&cx, tx, message, effect).await,
            MessageClaim::LookUp(message, effect) => {
                settle_whatsapp(&cx, tx, message, effect).await
            }
        }
    }
}

fn render_words(services: &Services, message: &Outgoing) -> Result<Rendered, JobError> {
    let link = match message.alert_id {
        Some(alert) => format!("{}/alerts/{alert}", services.console_url),
        None => services.console_url.clone(),
    };
    let mut variables = message.variables.clone();
    if let Some(code) = &message.code {
        let code = code.open(&services.keyring).map_err(JobError::fail)?;
        variables["code"] = code.into();
    }
    notifications::render_message(message.template, message.language, &variables, &link)
        .map_err(JobError::fail)
}

/// Commits the intended effect, then calls the provider.
async fn send_first(cx: &JobContext<Services>, tx: Tx, message: Outgoing) -> JobResult {
    let mut tx = require_sender(cx, tx, &message).await?;
    let words = match render_words(cx.services(), &message) {
        Ok(words) => words,
        Err(error) => {
            return end_message(
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
            let Some(content) = whatsapp::build_content(&message, &words, sid) else {
                let reason = "outside the 24-hour window, and no approved template is known";
                return end_message(
                    cx,
                    tx,
                    message.id,
                    MessageState::Failed,
                    "no_template",
                    reason,
                )
                .await;
            };
            (whatsapp::form_of(&content), Some(content))
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
    let prepared = PreparedCall {
        message,
        effect,
        words,
        content,
    };
    call_provider(cx, prepared).await
}

/// Repeats the call of an earlier attempt with the same key.
async fn repeat_email(
    cx: &JobContext<Services>,
    tx: Tx,
    message: Outgoing,
    effect: OpenEffect,
) -> JobResult {
    let mut tx = require_sender(cx, tx, &message).await?;
    let words = render_words(cx.services(), &message)?;
    effect.record_repetition(&mut tx).await?;
    cx.checkpoint(tx, &Progress::default()).await?;
    call_provider(
        cx,
        PreparedCall {
            message,
            effect,
            words,
            content: None,
        },
    )
    .await
}

async fn call_provider(cx: &JobContext<Services>, prepared: PreparedCall) -> JobResult {
    let (services, company) = (cx.services(), cx.company());
    let PreparedCall {
        message,
        effect,
        words,
        content,
    } = prepared;
    let sent = match content {
        Some(content) => {
            whatsapp::send_whatsapp(services, company, &message, &effect, content).await
        }
        None => email::send_email(services, company, &message, &effect, &words).await,
    };
    match sent {
        Ok(provider_id) => record_sent(cx, effect.id, Some(provider_id)).await,
        Err(error) => record_failed_call(cx, &message, &effect, error).await,
    }
}

/// Searches Twilio for what an earlier attempt may have sent, and sends where nothing is found.
async fn settle_whatsapp(
    cx: &JobContext<Services>,
    tx: Tx,
    message: Outgoing,
    effect: OpenEffect,
) -> JobResult {
    // The claim may have queued the message again.
    tx.commit().await?;
    if let Ok(early) = (effect.settle_at - cx.now()).to_std()
        && !early.is_zero()
    {
        return Err(JobError::snooze(
            early,
            "an earlier call may still show at the provider",
        ));
    }
    let found = match whatsapp::find_sent(cx.services(), &message, &effect, cx.now()).await {
        Ok(found) => found,
        Err(error) => return record_failed_search(cx, &message, error).await,
    };
    let mut tx = cx.begin().await?;
    let taken = notifications::list_assigned_provider_ids(&mut tx, &found).await?;
    if let Some(sid) = found.into_iter().find(|sid| !taken.contains(sid)) {
        tx.rollback().await?;
        return record_sent(cx, effect.id, Some(sid)).await;
    }
    notifications::mark_absent(&mut tx, effect.id, cx.now()).await?;
    // A STOP or a callback may have arrived during the search.
    match notifications::claim_message(&mut tx, message.id, cx.now()).await? {
        MessageClaim::Send(message) => send_first(cx, tx, message).await,
        MessageClaim::Ended(state) => cx.finish(tx, json!({ "state": state })).await,
        MessageClaim::Repeat(..) | MessageClaim::LookUp(..) => {
            Err(JobError::retry("another attempt of the message is open"))
        }
    }
}

/// Reschedules a search that failed until the message expires. Then the message stays undetermined,
/// it is not sent again, and its recipient gets an e-mail instead.
async fn record_failed_search(
    cx: &JobContext<Services>,
    message: &Outgoing,
    error: ProviderError,
) -> JobResult {
    if message.expires_at > cx.now() {
        return Err(JobError::snooze(
            back_off(cx, message, requested_wait(&error)),
            error,
        ));
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
            .map(|id| company_job(cx.company(), &SendMessage { message_id: *id }))
            .collect(),
    )
    .await?;
    cx.finish(tx, json!({ "state": state, "instead": instead }))
        .await
}
