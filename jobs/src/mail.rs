//! E-mail of any job, with attachments.

use std::time::Duration;

use platform::queue::JobError;
use providers::brevo::NewEmail;
use providers::{Class, ProviderError};

use crate::Services;

/// The wait where Brevo does not say how long its rate limit lasts.
const DEFAULT_RATE_LIMIT_WAIT: Duration = Duration::from_secs(60);
/// The wait after Brevo rejected our key, which a person has to repair.
const MISCONFIGURED_WAIT: Duration = Duration::from_mins(15);

/// Sends an e-mail and returns Brevo's id of it.
///
/// # Errors
/// The class says whether the e-mail may have been sent. Repeating it with the same idempotency key
/// is always safe.
pub(crate) async fn send_mail(
    services: &Services,
    mail: &NewEmail,
) -> Result<String, ProviderError> {
    let sent = services.providers.brevo.send_email(mail).await?;
    Ok(sent.message_id)
}

/// Sends the e-mail of a job that has nothing else to record. The job repeats it until Brevo has it
/// or rejects it.
pub(crate) async fn deliver_mail(services: &Services, mail: &NewEmail) -> Result<(), JobError> {
    let Err(error) = send_mail(services, mail).await else {
        return Ok(());
    };
    match error.class {
        Class::AlreadyDone => Ok(()),
        Class::RateLimited => {
            let wait = error.retry_after.unwrap_or(DEFAULT_RATE_LIMIT_WAIT);
            Err(JobError::retry_after(wait, error))
        }
        Class::Retry | Class::Unknown => Err(JobError::retry(error)),
        Class::Misconfigured => Err(JobError::retry_after(MISCONFIGURED_WAIT, error)),
        Class::Permanent
        | Class::Recipient
        | Class::Unreachable
        | Class::WindowClosed
        | Class::Expired
        | Class::NeedsReauth
        | Class::TooMuchData => Err(JobError::fail(error)),
    }
}

/// Returns the paragraphs as an HTML page. The text is escaped.
pub(crate) fn to_html(paragraphs: &[String]) -> String {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let body: String = paragraphs
        .iter()
        .map(|paragraph| format!("<p>{}</p>", escape(paragraph)))
        .collect();
    format!("<!doctype html><html><body>{body}</body></html>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_smuggle_markup_into_a_page() {
        let html = to_html(&["<b>Awa</b>".to_owned(), "A & B".to_owned()]);
        assert!(
            html.contains("&lt;b&gt;Awa&lt;/b&gt;") && html.contains("A &amp; B"),
            "{html}"
        );
    }
}
