//! Mails the link that resets a password. The token is sealed in the reset's row, so that neither
//! the job's arguments nor its result hold a secret.

use domain::identity;
use domain::identity::resets::PasswordResetId;
use platform::queue::{Done, Job, JobContext, JobError, JobResult, JobScope, Queue};
use serde::{Deserialize, Serialize};

use super::mail::{self, Mail};
use crate::Services;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendPasswordReset {
    pub reset_id: PasswordResetId,
}

impl Job<Services> for SendPasswordReset {
    const NAME: &'static str = "identity.send_password_reset";
    const QUEUE: Queue = Queue::Fast;
    const SCOPE: JobScope = JobScope::Platform;

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let mut tx = cx.begin().await?;
        let reset = identity::resets::find_reset_mail(&mut tx, self.reset_id).await?;
        tx.rollback().await?;
        let Some(reset) = reset else {
            return Ok(Done::with(
                &serde_json::json!({"skipped": "used or expired"}),
            ));
        };
        let services = cx.services();
        let context = format!("password_resets:{}", self.reset_id);
        let token = services
            .keyring
            .open(&context, &reset.sealed_token)
            .map_err(JobError::fail)?;
        let link = format!(
            "{}/reset-password#{}",
            services.public_url,
            String::from_utf8_lossy(&token)
        );
        let (subject, paragraphs) = mail::password_reset(reset.language, &reset.full_name, &link);
        let mail = Mail {
            to_email: reset.email,
            to_name: Some(reset.full_name),
            subject,
            paragraphs,
            tag: "password-reset",
        };
        mail::send(&services.providers, mail, self.reset_id.0, cx.job_id()).await?;
        Ok(Done::empty())
    }
}
