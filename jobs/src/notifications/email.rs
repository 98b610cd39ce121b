//! A message over Brevo. Every try of one effect carries the same key, so that a lost answer is no
//! doubt: the same call again sends nothing more.

use domain::notifications::{
    EffectId, MessageState, OpenEffect, Outgoing, Rendered, SuppressionReason,
};
use platform::ids::CompanyId;
use providers::ProviderError;
use providers::brevo::{EventKind, NewEmail};

use crate::Services;
use crate::mail::send_mail;

/// Makes the call; gives Brevo's id.
pub(super) async fn send(
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

/// What Brevo's word says of the message, and of the address for the time to come.
pub fn told_by(kind: EventKind) -> (Option<MessageState>, Option<SuppressionReason>) {
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
        // Brevo keeps trying.
        EventKind::Deferred | EventKind::SoftBounce | EventKind::Other => (None, None),
    }
}

/// Reads back what `send` gave as reference: the company and the effect.
pub fn parse_reference(reference: &str) -> Option<(CompanyId, EffectId)> {
    let (company, effect) = reference.split_once(':')?;
    Some((company.parse().ok()?, effect.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_suppresses_at_brevo_suppresses_here() {
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
            assert_eq!(told_by(kind).1.is_some(), kind.suppresses(), "{kind:?}");
        }
    }

    #[test]
    fn a_reference_is_read_back_and_anything_else_is_not() {
        let (company, effect) = (CompanyId::new(), EffectId::new());
        assert_eq!(
            parse_reference(&format!("{company}:{effect}")),
            Some((company, effect))
        );
        assert_eq!(parse_reference("send-1"), None);
        assert_eq!(parse_reference(&format!("{company}:x")), None);
    }
}
