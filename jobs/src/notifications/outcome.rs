//! What a provider's refusal means for a message: one decision for each class of error.

use std::time::Duration;

use domain::notifications::{MessageState, SuppressionReason};
use providers::{Class, ProviderError};

/// A lost answer: what the provider did meanwhile shows after this at the latest.
const SETTLE_AFTER_SILENCE: Duration = Duration::from_secs(60);
/// Twilio's own word that it failed (a 500 with its code): it is done with the call. Any other 5xx may
/// come from something in between, with the call still under way behind it.
const SETTLE_AFTER_ANSWER: Duration = Duration::from_secs(2);
/// Where a provider doesn't say how long its limit lasts.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The provider has it already.
    Done,
    /// Perhaps done: look it up after this long, before anything else.
    LookUp(Duration),
    /// Surely not done by this call, worth another try after the usual back-off.
    TryAgain,
    /// Surely not done by this call, and no use before this long.
    Wait(Duration),
    /// Free text isn't let through: send the approved template.
    UseTemplate,
    /// Ended without being sent; the address is to be left alone where a reason is given.
    End(MessageState, Option<SuppressionReason>),
}

/// Twilio's code for a recipient who opted out.
pub(super) const OPTED_OUT: u32 = 21610;

pub(super) fn outcome(error: &ProviderError) -> Outcome {
    match error.class {
        Class::AlreadyDone => Outcome::Done,
        Class::Unknown if error.status == Some(500) && error.code.is_some() => {
            Outcome::LookUp(SETTLE_AFTER_ANSWER)
        }
        Class::Unknown => Outcome::LookUp(SETTLE_AFTER_SILENCE),
        Class::Retry => Outcome::TryAgain,
        Class::RateLimited => Outcome::Wait(error.retry_after.unwrap_or(DEFAULT_WAIT)),
        Class::WindowClosed => Outcome::UseTemplate,
        Class::Expired => Outcome::End(MessageState::Expired, None),
        Class::Recipient if error.code.as_deref() == Some(&OPTED_OUT.to_string()) => {
            Outcome::End(MessageState::Suppressed, Some(SuppressionReason::Stop))
        }
        Class::Recipient => Outcome::End(MessageState::Failed, Some(SuppressionReason::Invalid)),
        Class::Permanent | Class::Misconfigured | Class::NeedsReauth | Class::TooMuchData => {
            Outcome::End(MessageState::Failed, None)
        }
    }
}

#[cfg(test)]
mod tests {
    use providers::Operation;
    use providers::twilio::TwilioOperation;

    use super::*;

    fn error(class: Class, status: Option<u16>, code: Option<&str>) -> ProviderError {
        ProviderError {
            operation: Operation::Twilio(TwilioOperation::CreateMessage),
            class,
            status,
            code: code.map(str::to_owned),
            excerpt: String::new(),
            retry_after: (class == Class::RateLimited).then_some(Duration::from_secs(7)),
            trace: None,
        }
    }

    #[test]
    fn each_class_of_error_has_its_consequence() {
        let cases = [
            (
                Class::Unknown,
                None,
                None,
                Outcome::LookUp(Duration::from_secs(60)),
            ),
            (
                Class::Unknown,
                Some(500),
                Some("20500"),
                Outcome::LookUp(Duration::from_secs(2)),
            ),
            (
                Class::Unknown,
                Some(500),
                None,
                Outcome::LookUp(Duration::from_secs(60)),
            ),
            (
                Class::Unknown,
                Some(502),
                None,
                Outcome::LookUp(Duration::from_secs(60)),
            ),
            (
                Class::Unknown,
                Some(503),
                Some("20503"),
                Outcome::LookUp(Duration::from_secs(60)),
            ),
            (Class::Retry, None, None, Outcome::TryAgain),
            (
                Class::RateLimited,
                Some(429),
                Some("20429"),
                Outcome::Wait(Duration::from_secs(7)),
            ),
            (
                Class::WindowClosed,
                Some(400),
                Some("63016"),
                Outcome::UseTemplate,
            ),
            (
                Class::Recipient,
                Some(400),
                Some("21610"),
                Outcome::End(MessageState::Suppressed, Some(SuppressionReason::Stop)),
            ),
            (
                Class::Recipient,
                Some(400),
                Some("21211"),
                Outcome::End(MessageState::Failed, Some(SuppressionReason::Invalid)),
            ),
            (
                Class::Misconfigured,
                Some(401),
                None,
                Outcome::End(MessageState::Failed, None),
            ),
            (
                Class::Expired,
                None,
                Some("30036"),
                Outcome::End(MessageState::Expired, None),
            ),
            (Class::AlreadyDone, Some(409), None, Outcome::Done),
        ];
        for (class, status, code, expected) in cases {
            assert_eq!(
                outcome(&error(class, status, code)),
                expected,
                "{class:?} {code:?}"
            );
        }
    }
}
