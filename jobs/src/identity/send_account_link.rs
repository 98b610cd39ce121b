//! The e-mail with a link for an account: to reset the password, or to verify the address. The
//! token is sealed in the link's row, so that neither the job's payload nor its result holds a
//! secret.

use domain::identity::links::{AccountLinkId, LinkMail, LinkPurpose};
use domain::identity::{self, to_display_name};
use platform::queue::{Done, Job, JobContext, JobError, JobResult, Platform, Queue};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account_mail::{
    AccountMail, address_verification_text, password_reset_text, repeated_registration_text,
};
use crate::Services;
use crate::mail::deliver_mail;

/// Mails a link for an account.
///
/// - Trigger: a request for a reset, a registration, or a request to verify an address.
/// - Uniqueness: none, because each link has one job.
/// - Rerun: sends nothing more, because the link is Brevo's idempotency key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendAccountLink {
    pub link_id: AccountLinkId,
}

impl Job<Services, Platform> for SendAccountLink {
    const NAME: &'static str = "identity.send_account_link";
    const QUEUE: Queue = Queue::Fast;

    async fn run(self, cx: JobContext<Services, Platform>) -> JobResult {
        let mut tx = cx.begin().await?;
        let link = identity::links::find_link_mail(&mut tx, self.link_id).await?;
        tx.rollback().await?;
        let Some(link) = link else {
            return Ok(Done::with(
                &json!({"skipped": "no account, used or expired"}),
            ));
        };
        let services = cx.services();
        let context = format!("account_links:{}", self.link_id);
        let token = services
            .keyring
            .open(&context, &link.sealed_token)
            .map_err(JobError::fail)?;
        let token = String::from_utf8_lossy(&token);
        let mail = build_mail(link, &services.public_url, &token);
        deliver_mail(services, &mail.into_email(self.link_id.0, cx.job_id())).await?;
        Ok(Done::empty())
    }
}

fn build_mail(link: LinkMail, public_url: &str, token: &str) -> AccountMail {
    let name = to_display_name(&link.full_name);
    let ((subject, paragraphs), tag) = match link.purpose {
        LinkPurpose::ResetPassword => {
            let url = format!("{public_url}/reset-password#{token}");
            let text = password_reset_text(link.language, &name, &url);
            (text, "password-reset")
        }
        LinkPurpose::VerifyAddress => {
            let url = format!("{public_url}/verify-email#{token}");
            (
                address_verification_text(link.language, &url),
                "verify-address",
            )
        }
        LinkPurpose::Notice => {
            let text = repeated_registration_text(link.language, &name);
            (text, "repeated-registration")
        }
    };
    AccountMail {
        to_email: link.email,
        to_name: None,
        subject,
        paragraphs,
        tag,
    }
}
