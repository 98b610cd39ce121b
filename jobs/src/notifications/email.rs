//! A message over Brevo. Every attempt of one effect carries the same idempotency key, so that
//! repeating a call whose answer was lost sends nothing more.

use domain::notifications::{
    EffectId, MessageState, OpenEffect, Outgoing, Rendered, SuppressionReason,
};
use platform::ids::CompanyId;
use providers::ProviderError;
use providers::brevo::{EventKind, NewEmail};

use crate::Services;
use crate::mail::send_mail;

/// Sends the e-mail and returns Brevo's id of it.
pub(super) async fn send_email(
    services: &Services,
    company: CompanyId,
    message: &Outgoing,
    effect: &OpenEffect,
    words: &Rendered,
) -> Result<String, ProviderError> {
    let email = NewEmail {
        to_email: message.recipient.clone(),
        to_name: None,
        subject: words.subject.clone(),
        html: words.html.clone(),
        text: Some(words.text.clone()),
        idempotency_key: effect.id.0,
        reference: format!("{company}:{}", effect.id),
        tags: vec![message.template.as_str().to_owned()],
        attachments: Vec::new(),
    };
    send_mail(services, &email).await
}

/// Returns the state of the message after an event of Brevo, and why its address is suppressed.
pub fn state_of_event(kind: EventKind) -> (Option<MessageState>, Option<SuppressionReason>) {
    match kind {
        EventKind::Requested => (Some(MessageState::Sent), None),
        EventKind::Delivered => (Some(MessageState::Delivered), None),
        EventKind::Opened | EventKind::Clicked => (Some(MessageState::Read), None),
        EventKind::HardBounce => (
            Some(MessageState::Undelivered),
            Some(SuppressionReason::HardBounce),
        ),
        EventKind::InvalidEmail => (Some(MessageState::Failed), Some(SuppressionReason::Invalid)),
        EventKind::Blocked => (Some(MessageState::Failed), Some(SuppressionReason::Blocked)),
        EventKind::Spam => (None, Some(SuppressionReason::Complaint)),
        EventKind::Unsubscribed => (None, Some(SuppressionReason::Unsubscribed)),
        EventKind::Error => (Some(MessageState::Failed), None),
        // Brevo sends it again by itself.
        EventKind::Deferred | EventKind::SoftBounce | EventKind::Other => (None, None),
    }
}

/// Returns the company and the effect of a reference that `send_email` wrote.
pub fn parse_reference(reference: &str) -> Option<(CompanyId, EffectId)> {
    let (company, effect) = reference.split_once(':')?;
    Some((company.parse().ok()?, effect.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_suppress_at_brevo_suppress_here() {
        let kinds = [
            EventKind::Requested,
            EventKind::Delivered,
            EventKind::Opened,
            EventKind::Clicked,
            EventKind::Deferred,
            EventKind::SoftBounce,
            EventKind::HardBounce,
            EventKind::Blocked,
            EventKind::InvalidEmail,
            EventKind::Spam,
            EventKind::Unsubscribed,
            EventKind::Error,
            EventKind::Other,
        ];
        for kind in kinds {
            assert_eq!(
                state_of_event(kind).1.is_some(),
                kind.suppresses(),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn only_our_own_references_are_parsed() {
        let (company, effect) = (CompanyId::new(), EffectId::new());
        assert_eq!(
            parse_reference(&format!("{company}:{effect}")),
            Some((company, effect))
        );
        assert_eq!(parse_reference("send-1"), None);
        assert_eq!(parse_reference(&format!("{company}:x")), None);
    }
}
