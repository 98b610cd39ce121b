//! A message over Twilio: sending it, and finding one that an earlier attempt may have sent.

use chrono::{DateTime, TimeDelta, Utc};
use domain::identity::Language;
use domain::notifications::{
    DeliveryFailure, MessageState, OpenEffect, Outgoing, Rendered, SentAs, SuppressionReason,
    Template,
};
use platform::ids::CompanyId;
use providers::twilio::{Content, MessageStatus, NewMessage, class_of, retry_wait};
use providers::{Class, Mode, ProviderError, sandbox};

use super::outcome::OPTED_OUT;
use crate::Services;

/// Twilio stamps with its own clock.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// Returns the text where the recipient's 24-hour window is open, else the approved template, and
/// `None` where there is no such template.
pub(super) fn build_content(
    message: &Outgoing,
    words: &Rendered,
    sid: Option<String>,
) -> Option<Content> {
    if message.window_open {
        return Some(Content::Text(words.text.clone()));
    }
    Some(Content::Template {
        content_sid: sid?,
        variables: words.variables.clone(),
    })
}

/// Returns the sandbox's approved template; those of Twilio are in the database.
pub(super) fn sandbox_sid(
    services: &Services,
    template: Template,
    language: Language,
) -> Option<String> {
    if services.providers.mode == Mode::Live {
        return None;
    }
    let sid = match (template, language) {
        (Template::AdsReconnect | Template::BillingUnpaid | Template::BillingDuplicate, _) => {
            return None;
        }
        (Template::Alert, Language::Fr) => sandbox::TWILIO_CONTENT_ALERT_FR,
        (Template::Alert, Language::En) => sandbox::TWILIO_CONTENT_ALERT_EN,
        (Template::RecipientCode, Language::Fr) => sandbox::TWILIO_CONTENT_CODE_FR,
        (Template::RecipientCode, Language::En) => sandbox::TWILIO_CONTENT_CODE_EN,
    };
    Some(sid.to_owned())
}

/// Returns how the content goes out.
pub(super) fn form_of(content: &Content) -> SentAs {
    match content {
        Content::Text(_) => SentAs::Text,
        Content::Template { .. } => SentAs::Template,
    }
}

/// Sends the message once and returns Twilio's id of it.
pub(super) async fn send_whatsapp(
    services: &Services,
    company: CompanyId,
    message: &Outgoing,
    effect: &OpenEffect,
    content: Content,
) -> Result<String, ProviderError> {
    let new = NewMessage {
        to: message.recipient.clone(),
        content,
        status_callback: Some(callback_url(services, company, effect)),
        validity: (message.expires_at - effect.intended_at).to_std().ok(),
    };
    let made = services.providers.twilio.create_message(&new).await?;
    Ok(made.sid)
}

/// Returns the address of the status callback. Twilio signs all of it, so that the effect it names
/// can be trusted.
fn callback_url(services: &Services, company: CompanyId, effect: &OpenEffect) -> String {
    format!(
        "{}/api/v1/webhooks/twilio/status?company={company}&effect={}",
        services.public_url, effect.id
    )
}

/// Returns the messages at Twilio that may be this effect's, oldest first: same recipient, time and
/// words.
pub(super) async fn find_sent(
    services: &Services,
    message: &Outgoing,
    effect: &OpenEffect,
    now: DateTime<Utc>,
) -> Result<Vec<String>, ProviderError> {
    let since = effect.intended_at - CLOCK_SKEW;
    let mut found = services
        .providers
        .twilio
        .find_messages(&message.recipient, since, now + CLOCK_SKEW)
        .await?;
    found.retain(|candidate| {
        has_same_words(&message.template.hide_code(&candidate.body), &effect.body)
    });
    found.sort_by_key(|candidate| candidate.created_at);
    Ok(found.into_iter().map(|candidate| candidate.sid).collect())
}

/// Compares without whitespace, which channels may change.
fn has_same_words(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}

/// Returns the state of a message after a status of Twilio, or `None` where nothing changes.
pub fn state_of_status(status: MessageStatus, expired: bool) -> Option<MessageState> {
    match status {
        MessageStatus::Sent => Some(MessageState::Sent),
        MessageStatus::Delivered => Some(MessageState::Delivered),
        MessageStatus::Read => Some(MessageState::Read),
        MessageStatus::Failed | MessageStatus::Undelivered if expired => {
            Some(MessageState::Expired)
        }
        MessageStatus::Failed | MessageStatus::Canceled => Some(MessageState::Failed),
        MessageStatus::Undelivered => Some(MessageState::Undelivered),
        MessageStatus::Accepted
        | MessageStatus::Scheduled
        | MessageStatus::Queued
        | MessageStatus::Sending => Some(MessageState::Sent),
        MessageStatus::Receiving | MessageStatus::Received => None,
    }
}

/// Returns whether a failure at Twilio is final.
pub fn failure_of(code: Option<u32>) -> DeliveryFailure {
    match code {
        Some(code) if class_of(code) == Class::WindowClosed => DeliveryFailure::WindowClosed,
        Some(code) => {
            let wait = retry_wait(code).and_then(|wait| TimeDelta::from_std(wait).ok());
            wait.map_or(DeliveryFailure::Final, DeliveryFailure::Temporary)
        }
        None => DeliveryFailure::Final,
    }
}

/// Returns how long a sender waits whose message failed so; `None` where only the message failed.
pub fn sender_wait_of(code: Option<u32>) -> Option<TimeDelta> {
    let code = code.filter(|code| class_of(*code) == Class::RateLimited)?;
    TimeDelta::from_std(retry_wait(code)?).ok()
}

/// Returns why the address of such a failure is suppressed.
pub fn suppression_of(code: Option<u32>) -> Option<SuppressionReason> {
    match code {
        Some(OPTED_OUT) => Some(SuppressionReason::Stop),
        Some(code) if class_of(code) == Class::Recipient => Some(SuppressionReason::Invalid),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_without_whitespace() {
        assert!(has_same_words("*a*\nb\n\nc", "*a* b c"));
        assert!(!has_same_words("a b", "ab"));
    }
}
