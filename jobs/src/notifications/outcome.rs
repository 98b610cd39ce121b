//! What follows from a provider's error: one outcome for each class.

use std::time::Duration;

use domain::notifications::{MessageState, PauseClass, SETTLE_DELAY, SuppressionReason};
use providers::{Class, ProviderError};

/// A 500 with Twilio's own code ends the call. Any other 5xx may come from a proxy, with the call
/// still running behind it.
const SETTLE_AFTER_ERROR: Duration = Duration::from_secs(2);
/// The wait where a provider does not say how long its rate limit lasts.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);
/// The least wait for an operator who repairs the configuration.
const REPAIR_WAIT: Duration = Duration::from_secs(60);

/// What becomes of a message whose call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The provider already has the message.
    Done,
    /// The message may have been sent: look it up after this time, before anything else.
    LookUp(Duration),
    /// The call sent nothing: repeat it after the usual back-off.
    Retry,
    /// The call sent nothing: repeat it after this time. Where it holds for every message of the
    /// sender, the sender waits.
    Wait(Duration, Option<PauseClass>),
    /// The provider rejects free text: send the approved template.
    UseTemplate,
    /// The message ends without being sent. With a reason, its address is suppressed.
    End(MessageState, Option<SuppressionReason>),
}

/// Twilio's code for a recipient who opted out.
pub(super) const OPTED_OUT: u32 = 21610;

pub(super) fn outcome_of(error: &ProviderError) -> Outcome {
    match error.class {
        Class::AlreadyDone => Outcome::Done,
        Class::Unknown if error.status == Some(500) && error.code.is_some() => {
            Outcome::LookUp(SETTLE_AFTER_ERROR)
        }
        Class::Unknown => Outcome::LookUp(SETTLE_DELAY),
        Class::Retry => Outcome::Retry,
        Class::RateLimited => Outcome::Wait(
            error.retry_after.unwrap_or(DEFAULT_WAIT),
            Some(PauseClass::RateLimited),
        ),
        Class::Misconfigured => Outcome::Wait(
            REPAIR_WAIT,
            is_about_account(error).then_some(PauseClass::Misconfigured),
        ),
        Class::WindowClosed => Outcome::UseTemplate,
        Class::Expired => Outcome::End(MessageState::Expired, None),
        Class::Recipient if error.code.as_deref() == Some(&OPTED_OUT.to_string()) => {
            Outcome::End(MessageState::Suppressed, Some(SuppressionReason::Stop))
        }
        Class::Recipient => Outcome::End(MessageState::Failed, Some(SuppressionReason::Invalid)),
        Class::Permanent | Class::Unreachable | Class::NeedsReauth | Class::TooMuchData => {
            Outcome::End(MessageState::Failed, None)
        }
    }
}

/// Whether the provider rejects our account or credentials, and not one message or template.
fn is_about_account(error: &ProviderError) -> bool {
    matches!(error.status, Some(401..=403))
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
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn each_class_of_error_has_an_outcome() {
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
            (Class::Retry, None, None, Outcome::Retry),
            (
                Class::RateLimited,
                Some(429),
                Some("20429"),
                Outcome::Wait(Duration::from_secs(7), Some(PauseClass::RateLimited)),
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
                Outcome::Wait(Duration::from_secs(60), Some(PauseClass::Misconfigured)),
            ),
            (
                Class::Misconfigured,
                Some(400),
                Some("21655"),
                Outcome::Wait(Duration::from_secs(60), None),
            ),
            (
                Class::Unreachable,
                Some(400),
                Some("63032"),
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
                outcome_of(&error(class, status, code)),
                expected,
                "{class:?} {code:?}"
            );
        }
    }
}
