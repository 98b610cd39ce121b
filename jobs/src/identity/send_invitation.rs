//! The e-mail that invites a person. The token is sealed in the invitation's row, as that of a
//! password reset.

use domain::identity::invitations::InvitationId;
use domain::identity::{self, to_display_name};
use platform::queue::{Done, Job, JobContext, JobError, JobResult, Queue};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account_mail::{AccountMail, invitation_text};
use crate::Services;
use crate::mail::deliver_mail;

/// Mails an invitation.
///
/// - Trigger: a person is invited.
/// - Uniqueness: none, because each invitation has one job.
/// - Rerun: sends nothing more, because the invitation is Brevo's idempotency key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendInvitation {
    pub invitation_id: InvitationId,
}

impl Job<Services> for SendInvitation {
    const NAME: &'static str = "identity.send_invitation";
    const QUEUE: Queue = Queue::Fast;

    async fn run(self, cx: JobContext<Services>) -> JobResult {
        let mut tx = cx.begin().await?;
        let invitation = identity::invitations::find_invitation_mail(
            &mut tx,
            cx.company(),
            self.invitation_id,
            cx.now(),
        )
        .await?;
        tx.rollback().await?;
        let Some(invitation) = invitation else {
            return Ok(Done::with(&json!({"skipped": "accepted or expired"})));
        };
        let services = cx.services();
        let context = format!("invitations:{}", self.invitation_id);
        let token = services
            .keyring
            .open(&context, &invitation.sealed_token)
            .map_err(JobError::fail)?;
        let token = String::from_utf8_lossy(&token);
        let link = format!("{}/accept-invitation#{token}", services.console_url);
        let (subject, paragraphs) = invitation_text(
            invitation.language,
            &to_display_name(&invitation.invited_by),
            &to_display_name(&invitation.company_name),
            &link,
        );
        let mail = AccountMail {
            to_email: invitation.email,
            to_name: None,
            subject,
            paragraphs,
            tag: "invitation",
        };
        deliver_mail(
            services,
            &mail.into_email(self.invitation_id.0, cx.job_id()),
        )
        .await?;
        Ok(Done::empty())
    }
}
