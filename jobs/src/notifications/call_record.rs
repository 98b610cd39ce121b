//! The record of a call to a provider, and how the job ends or waits after it.

use std::time::Duration;

use domain::notifications::{
    self, Channel, EffectId, MessageId, MessageState, OpenEffect, Outgoing, PauseClass,
    SuppressionReason,
};
use platform::db::{self, Tx};
use platform::queue::{JobContext, JobError, JobResult, retry};
use providers::ProviderError;
use serde_json::json;

use super::outcome::{Outcome, outcome_of};
use crate::Services;

/// Records that the provider has the message. Where another claim owns the job by now, the record
/// is written nevertheless: it is true, and spares that claim the search.
pub(super) async fn record_sent(
    cx: &JobContext<Services>,
    effect: EffectId,
    provider_id: Option<String>,
) -> JobResult {
    let mut tx = cx.begin().await?;
    notifications::record_sent(&mut tx, effect, provider_id.as_deref(), cx.now()).await?;
    let finished = cx
        .finish(tx, json!({ "state": "sent", "provider_id": provider_id }))
        .await;
    if matches!(finished, Err(JobError::Lost)) {
        let mut tx = cx.begin().await?;
        notifications::record_sent(&mut tx, effect, provider_id.as_deref(), cx.now()).await?;
        tx.commit().await?;
    }
    finished
}

/// Records the failure of a call.
pub(super) async fn record_failed_call(
    cx: &JobContext<Services>,
    message: &Outgoing,
    effect: &OpenEffect,
    error: ProviderError,
) -> JobResult {
    match outcome_of(&error) {
        Outcome::Done => record_sent(cx, effect.id, None).await,
        Outcome::LookUp(settle) => record_lost_answer(cx, message, effect.id, settle, error).await,
        Outcome::Retry => record_not_sent(cx, message, effect, (Duration::ZERO, None), error).await,
        Outcome::Wait(wait, pause) => {
            record_not_sent(cx, message, effect, (wait, pause), error).await
        }
        Outcome::UseTemplate if message.window_open => {
            let mut tx = cx.begin().await?;
            notifications::mark_absent(&mut tx, effect.id, cx.now()).await?;
            notifications::close_contact_window(&mut tx, &message.recipient).await?;
            tx.commit().await?;
            Err(JobError::snooze(Duration::ZERO, error))
        }
        Outcome::UseTemplate => {
            record_rejected(cx, message, effect, (MessageState::Failed, None), &error).await
        }
        Outcome::End(state, suppression) => {
            record_rejected(cx, message, effect, (state, suppression), &error).await
        }
    }
}

/// Records that no response arrived. WhatsApp is searched before the next call, e-mail is repeated.
async fn record_lost_answer(
    cx: &JobContext<Services>,
    message: &Outgoing,
    effect: EffectId,
    settle: Duration,
    error: ProviderError,
) -> JobResult {
    let mut tx = cx.begin().await?;
    let now = db::load_now(&mut tx).await?;
    notifications::mark_unknown(&mut tx, effect, now + settle).await?;
    tx.commit().await?;
    let least = match message.channel {
        Channel::Whatsapp => settle,
        Channel::Email => Duration::ZERO,
    };
    Err(JobError::snooze(back_off(cx, message, least), error))
}

/// Records that the call sent nothing, and pauses the sender if its next message would fare the
/// same. An e-mail that an earlier call may have sent stays unconfirmed.
async fn record_not_sent(
    cx: &JobContext<Services>,
    message: &Outgoing,
    effect: &OpenEffect,
    (wait, pause): (Duration, Option<PauseClass>),
    error: ProviderError,
) -> JobResult {
    let wait = back_off(cx, message, wait);
    let mut tx = cx.begin().await?;
    match message.channel {
        Channel::Whatsapp => notifications::mark_absent(&mut tx, effect.id, cx.now()).await?,
        Channel::Email if effect.unconfirmed => {}
        Channel::Email => notifications::mark_waiting(&mut tx, effect.id).await?,
    }
    // The effect is locked before the pause, as a callback locks them.
    if let Some(class) = pause {
        record_pause(cx, &mut tx, message.channel, (class, wait), &error).await?;
    }
    tx.commit().await?;
    Err(JobError::snooze(wait, error))
}

async fn record_pause(
    cx: &JobContext<Services>,
    tx: &mut Tx,
    channel: Channel,
    (class, wait): (PauseClass, Duration),
    error: &ProviderError,
) -> Result<(), JobError> {
    let reason = error.to_string();
    tracing::warn!(channel = channel.as_str(), ?wait, %error, "the sender waits");
    let cause = (class, error.code.as_deref(), reason.as_str());
    Ok(notifications::pause_sender(tx, channel, cx.now() + wait, cause, cx.now()).await?)
}

/// Returns the message's transaction if its sender may send now; else reschedules the message.
pub(super) async fn require_sender(
    cx: &JobContext<Services>,
    mut tx: Tx,
    message: &Outgoing,
) -> Result<Tx, JobError> {
    let pause_end = notifications::find_pause_end(&mut tx, message.channel, cx.now()).await?;
    let Some(until) = pause_end else {
        return Ok(tx);
    };
    // The claim may have queued the message again.
    tx.commit().await?;
    let end = until.min(message.expires_at);
    let wait = (end - cx.now()).to_std().unwrap_or_default();
    Err(JobError::snooze(wait, "the sender waits"))
}

/// Records that the provider rejected the message for good. An earlier call for the same e-mail may
/// have sent it nevertheless.
async fn record_rejected(
    cx: &JobContext<Services>,
    message: &Outgoing,
    effect: &OpenEffect,
    (state, suppression): (MessageState, Option<SuppressionReason>),
    error: &ProviderError,
) -> JobResult {
    let mut tx = cx.begin().await?;
    if let Some(reason) = suppression {
        let (company, channel) = (cx.company(), message.channel);
        notifications::suppress_recipient(
            &mut tx,
            company,
            channel,
            &message.recipient,
            reason,
            cx.now(),
        )
        .await?;
    }
    let code = error.code.as_deref().unwrap_or(error.class.as_str());
    if effect.unconfirmed {
        return end_message(
            cx,
            tx,
            message.id,
            MessageState::Undetermined,
            code,
            &error.to_string(),
        )
        .await;
    }
    notifications::mark_absent(&mut tx, effect.id, cx.now()).await?;
    end_message(cx, tx, message.id, state, code, &error.to_string()).await
}

/// Ends a message without sending it.
pub(super) async fn end_message(
    cx: &JobContext<Services>,
    mut tx: Tx,
    message: MessageId,
    state: MessageState,
    code: &str,
    reason: &str,
) -> JobResult {
    notifications::end_message(&mut tx, message, state, code, reason, cx.now()).await?;
    cx.finish(tx, json!({ "state": state, "code": code })).await
}

/// Returns the wait that the provider requests.
pub(super) fn requested_wait(error: &ProviderError) -> Duration {
    match outcome_of(error) {
        Outcome::Wait(wait, _) => wait,
        Outcome::Done
        | Outcome::LookUp(_)
        | Outcome::Retry
        | Outcome::UseTemplate
        | Outcome::End(..) => Duration::ZERO,
    }
}

/// Returns the wait before the next attempt. It grows with the claims of the job, is `least` at
/// least, and ends when the message expires. Its jitter spreads the messages of one outage.
pub(super) fn back_off(cx: &JobContext<Services>, message: &Outgoing, least: Duration) -> Duration {
    let claims = u32::try_from(cx.fence()).unwrap_or(1);
    let jitter = f64::from(message.id.0.as_bytes()[15]) / 255.0;
    let left = (message.expires_at - cx.now()).to_std().unwrap_or_default();
    retry::compute_backoff(claims, jitter).max(least).min(left)
}
