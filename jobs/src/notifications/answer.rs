//! What follows from a provider's answer to a call: one record, and how the job ends or waits.

use std::time::Duration;

use domain::notifications::{
    self, Channel, EffectId, MessageId, MessageState, OpenEffect, Outgoing, SuppressionReason,
};
use platform::db::{self, Tx};
use platform::queue::{JobContext, JobError, JobResult, retry};
use providers::ProviderError;
use serde_json::json;

use super::outcome::{Outcome, outcome};
use crate::Services;

/// Records what the provider has. Where another claim took the job over meanwhile, the record is
/// made all the same: it is the truth, and spares that claim the search.
pub(super) async fn sent(
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

pub(super) async fn not_sent(
    cx: &JobContext<Services>,
    message: &Outgoing,
    effect: &OpenEffect,
    error: ProviderError,
) -> JobResult {
    match outcome(&error) {
        Outcome::Done => sent(cx, effect.id, None).await,
        Outcome::LookUp(settle) => lost(cx, message, effect.id, settle, error).await,
        Outcome::TryAgain => not_now(cx, message, effect, Duration::ZERO, error).await,
        Outcome::Wait(wait) => not_now(cx, message, effect, wait, error).await,
        Outcome::UseTemplate if message.window_open => {
            let mut tx = cx.begin().await?;
            notifications::mark_absent(&mut tx, effect.id, cx.now()).await?;
            notifications::close_contact_window(&mut tx, &message.recipient).await?;
            tx.commit().await?;
            Err(JobError::snooze(Duration::ZERO, error))
        }
        Outcome::UseTemplate => {
            refused(cx, message, effect, (MessageState::Failed, None), &error).await
        }
        Outcome::End(state, suppression) => {
            refused(cx, message, effect, (state, suppression), &error).await
        }
    }
}

/// The answer was lost. WhatsApp is looked up before anything else, e-mail asked for again.
async fn lost(
    cx: &JobContext<Services>,
    message: &Outgoing,
    effect: EffectId,
    settle: Duration,
    error: ProviderError,
) -> JobResult {
    let mut tx = cx.begin().await?;
    let now = db::now(&mut tx).await?;
    notifications::mark_unknown(&mut tx, effect, now + settle).await?;
    tx.commit().await?;
    let least = match message.channel {
        Channel::Whatsapp => settle,
        Channel::Email => Duration::ZERO,
    };
    Err(JobError::snooze(pause(cx, message, least), error))
}

/// This call surely did nothing. An e-mail that an earlier one may have sent stays in doubt.
async fn not_now(
    cx: &JobContext<Services>,
    message: &Outgoing,
    effect: &OpenEffect,
    wait: Duration,
    error: ProviderError,
) -> JobResult {
    let mut tx = cx.begin().await?;
    match message.channel {
        Channel::Whatsapp => notifications::mark_absent(&mut tx, effect.id, cx.now()).await?,
        Channel::Email if effect.unconfirmed => {}
        Channel::Email => notifications::mark_waiting(&mut tx, effect.id).await?,
    }
    tx.commit().await?;
    Err(JobError::snooze(pause(cx, message, wait), error))
}

/// The provider said no, and asking again would give the same answer; which is not to say that an
/// earlier call for the same e-mail wasn't heard.
async fn refused(
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
        return end(
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
    end(cx, tx, message.id, state, code, &error.to_string()).await
}

/// Ends a message that isn't to be asked for any more.
pub(super) async fn end(
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

/// How long the provider itself asks to wait.
pub(super) fn wait_of(error: &ProviderError) -> Duration {
    match outcome(error) {
        Outcome::Wait(wait) => wait,
        _ => Duration::ZERO,
    }
}

/// The wait before the next try: it grows with the claims of the job, is `least` at least, and ends
/// when the message isn't worth sending any more. Messages of one outage don't come back at once.
pub(super) fn pause(cx: &JobContext<Services>, message: &Outgoing, least: Duration) -> Duration {
    let claims = u32::try_from(cx.fence()).unwrap_or(1);
    let jitter = f64::from(message.id.0.as_bytes()[15]) / 255.0;
    let left = (message.expires_at - cx.now()).to_std().unwrap_or_default();
    retry::compute_backoff(claims, jitter).max(least).min(left)
}
