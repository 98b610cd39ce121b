//! Mails an invitation. The token is sealed in the invitation's row, as for password resets.

use domain::identity;
use domain::identity::invitations::InvitationId;
use platform::queue::{Done, Job, JobContext, JobError, JobResult, Queue};
use serde::{Deserialize, Serialize};

use super::mail::{self, Mail};
use crate::Services;

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
            return Ok(Done::with(
                &serde_json::json!({"skipped": "accepted or expired"}),
            ));
        };
        let services = cx.services();
        let context = format!("invitations:{}", self.invitation_id);
        let token = services
            .keyring
            .open(&context, &invitation.sealed_token)
            .map_err(JobError::fail)?;
        let link = format!(
            "{}/accept-invitation#{}",
            services.public_url,
            String::from_utf8_lossy(&token)
        );
        let (subject, paragraphs) = mail::invitation(
            invitation.language,
            &invitation.invited_by,
            &invitation.company_name,
            &link,
        );
        let mail = Mail {
            to_email: invitation.email,
            to_name: None,
            subject,
            paragraphs,
            tag: "invitation",
        };
        mail::send(&services.providers, mail, self.invitation_id.0, cx.job_id()).await?;
        Ok(Done::empty())
    }
}
