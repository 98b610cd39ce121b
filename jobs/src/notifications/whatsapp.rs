//! A message over Twilio: the call, and the search for what an earlier call may have left there.

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

/// What is said, and how it is let through: text where the recipient's window is open, else the
/// approved template; `None` where there is no such template.
pub(super) fn content(
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

/// The sandbox's own approved templates; the real ones are in the database.
pub(super) fn sandbox_sid(
    services: &Services,
    template: Template,
    language: Language,
) -> Option<String> {
    match (services.providers.mode, template, language) {
        (Mode::Live, ..) | (_, Template::AdsReconnect, _) => None,
        (Mode::Sandbox, Template::Alert, Language::Fr) => {
            Some(sandbox::TWILIO_CONTENT_ALERT_FR.to_owned())
        }
        (Mode::Sandbox, Template::Alert, Language::En) => {
            Some(sandbox::TWILIO_CONTENT_ALERT_EN.to_owned())
        }
    }
}

/// The stored text for how a message goes out.
pub(super) fn sent_as(content: &Content) -> SentAs {
    match content {
        Content::Text(_) => SentAs::Text,
        Content::Template { .. } => SentAs::Template,
    }
}

/// Makes the call, once; gives Twilio's id.
pub(super) async fn send(
    services: &Services,
    company: CompanyId,
    message: &Outgoing,
    effect: &OpenEffect,
    content: Content,
) -> Result<String, ProviderError> {
    let new = NewMessage {
        to: message.recipient.clone(),
        content,
        status_callback: Some(callback(services, company, effect)),
        validity: (message.expires_at - effect.intended_at).to_std().ok(),
    };
    let made = services.providers.twilio.create_message(&new).await?;
    Ok(made.sid)
}

/// Signed by Twilio with everything in it, so that what comes back names the effect beyond doubt.
fn callback(services: &Services, company: CompanyId, effect: &OpenEffect) -> String {
    format!(
        "{}/api/v1/webhooks/twilio/status?company={company}&effect={}",
        services.public_url, effect.id
    )
}

/// Messages at Twilio that may be this effect's, oldest first: same recipient, same time, same words.
pub(super) async fn find(
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
    found.retain(|candidate| same_words(&candidate.body, &effect.body));
    found.sort_by_key(|candidate| candidate.created_at);
    Ok(found.into_iter().map(|candidate| candidate.sid).collect())
}

/// Blanks apart: channels are free with them.
fn same_words(a: &str, b: &str) -> bool {
    a.split_whitespace().eq(b.split_whitespace())
}

/// Where Twilio's word puts one of our messages; `None` for words that say nothing new.
pub fn state_of(status: MessageStatus, expired: bool) -> Option<MessageState> {
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

/// What a failure that Twilio tells of lets us do.
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

/// What such a failure says of the address for the time to come.
pub fn flag_of(code: Option<u32>) -> Option<SuppressionReason> {
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
    fn words_are_compared_without_their_blanks() {
        assert!(same_words("*a*\nb\n\nc", "*a* b c"));
        assert!(!same_words("a b", "ab"));
    }
}
