//! The e-mail after a registration: the link that creates the account, or a notice to the person
//! who has one. Only the owner of the address learns which of the two. The token is sealed in the
//! registration's row, as that of a password reset.

use domain::identity;
use domain::identity::registrations::{RegistrationId, RegistrationMail};
use domain::identity::to_display_name;
use platform::queue::{Done, Job, JobContext, JobError, JobResult, Platform, Queue};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account_mail::{AccountMail, registration_text, repeated_registration_text};
use crate::Services;
use crate::mail::deliver_mail;

/// Mails the link of a registration.
///
/// - Trigger: a registration.
/// - Uniqueness: none, because each registration has one job.
/// - Rerun: sends nothing more, because the registration is Brevo's idempotency key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendRegistrationLink {
    pub registration_id: RegistrationId,
}

impl Job<Services, Platform> for SendRegistrationLink {
    const NAME: &'static str = "identity.send_registration_link";
    const QUEUE: Queue = Queue::Fast;

    async fn run(self, cx: JobContext<Services, Platform>) -> JobResult {
        let id = self.registration_id;
        let mut tx = cx.begin().await?;
        let registration = identity::registrations::find_registration_mail(&mut tx, id).await?;
        tx.rollback().await?;
        let Some(registration) = registration else {
            return Ok(Done::with(&json!({"skipped": "used or expired"})));
        };
        let services = cx.services();
        let token = services
            .keyring
            .open(&format!("registrations:{id}"), &registration.sealed_token)
            .map_err(JobError::fail)?;
        let token = String::from_utf8_lossy(&token);
        let link = format!("{}/confirm-registration#{token}", services.console_url);
        let mail = build_mail(registration, &link);
        deliver_mail(services, &mail.into_email(id.0, cx.job_id())).await?;
        Ok(Done::empty())
    }
}

fn build_mail(registration: RegistrationMail, link: &str) -> AccountMail {
    let language = registration.language;
    let ((subject, paragraphs), tag) = match &registration.holder {
        None => (registration_text(language, link), "registration"),
        Some(name) => {
            let text = repeated_registration_text(language, &to_display_name(name));
            (text, "repeated-registration")
        }
    };
    AccountMail {
        to_email: registration.email,
        to_name: None,
        subject,
        paragraphs,
        tag,
    }
}
