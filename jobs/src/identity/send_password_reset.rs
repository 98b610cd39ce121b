//! The e-mail with the link that resets a password. The token is sealed in the reset's row, so that
//! neither the job's payload nor its result holds a secret.

use domain::identity::resets::PasswordResetId;
use domain::identity::{self, to_display_name};
use platform::queue::{Done, Job, JobContext, JobError, JobResult, Platform, Queue};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account_mail::{AccountMail, password_reset_text};
use crate::Services;
use crate::mail::deliver_mail;

/// Mails the link that resets a password.
///
/// - Trigger: a request for a reset.
/// - Uniqueness: none, because each reset has one job.
/// - Rerun: sends nothing more, because the reset is Brevo's idempotency key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendPasswordReset {
    pub reset_id: PasswordResetId,
}

impl Job<Services, Platform> for SendPasswordReset {
    const NAME: &'static str = "identity.send_password_reset";
    const QUEUE: Queue = Queue::Fast;

    async fn run(self, cx: JobContext<Services, Platform>) -> JobResult {
        let mut tx = cx.begin().await?;
        let reset = identity::resets::find_reset_mail(&mut tx, self.reset_id).await?;
        tx.rollback().await?;
        let Some(reset) = reset else {
            return Ok(Done::with(
                &json!({"skipped": "no account, used or expired"}),
            ));
        };
        let services = cx.services();
        let context = format!("password_resets:{}", self.reset_id);
        let token = services
            .keyring
            .open(&context, &reset.sealed_token)
            .map_err(JobError::fail)?;
        let token = String::from_utf8_lossy(&token);
        let link = format!("{}/reset-password#{token}", services.console_url);
        let name = to_display_name(&reset.full_name);
        let (subject, paragraphs) = password_reset_text(reset.language, &name, &link);
        let mail = AccountMail {
            to_email: reset.email,
            to_name: Some(name),
            subject,
            paragraphs,
            tag: "password-reset",
        };
        deliver_mail(services, &mail.into_email(self.reset_id.0, cx.job_id())).await?;
        Ok(Done::empty())
    }
}
