//! The two messages that carry a secret: written here and not by the companies' templates, so that
//! nobody can change what they say or read the secret in a stored message.

use domain::identity::Language;
use platform::ids::{JobId, Uuid};
use platform::queue::JobError;
use providers::brevo::NewEmail;
use providers::{Class, Providers};

pub(super) struct Mail {
    pub(super) to_email: String,
    pub(super) to_name: Option<String>,
    pub(super) subject: String,
    pub(super) paragraphs: Vec<String>,
    pub(super) tag: &'static str,
}

/// Sends with the id of `subject_id` as Brevo's idempotency key: a lost answer or a second run of
/// the job sends nothing more.
pub(super) async fn send(
    providers: &Providers,
    mail: Mail,
    subject_id: Uuid,
    job: JobId,
) -> Result<(), JobError> {
    let email = NewEmail {
        to_email: mail.to_email,
        to_name: mail.to_name,
        subject: mail.subject,
        html: html(&mail.paragraphs),
        text: Some(mail.paragraphs.join("\n\n")),
        idempotency_key: subject_id,
        reference: job.to_string(),
        tags: vec![mail.tag.to_owned()],
    };
    match providers.brevo.send_email(&email).await {
        Ok(_) => Ok(()),
        Err(error) => match error.class {
            Class::AlreadyDone => Ok(()),
            Class::RateLimited => {
                let wait = error
                    .retry_after
                    .unwrap_or(std::time::Duration::from_secs(60));
                Err(JobError::retry_after(wait, error))
            }
            Class::Retry | Class::Unknown | Class::Misconfigured => Err(JobError::retry(error)),
            _ => Err(JobError::fail(error)),
        },
    }
}

fn html(paragraphs: &[String]) -> String {
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

pub(super) fn password_reset(language: Language, name: &str, link: &str) -> (String, Vec<String>) {
    match language {
        Language::Fr => (
            "Votre mot de passe Vigie".to_owned(),
            vec![
                format!("Bonjour {name},"),
                format!(
                    "Pour choisir un nouveau mot de passe, ouvrez ce lien dans l'heure : {link}"
                ),
                "Si vous n'avez rien demandé, ne faites rien : votre mot de passe reste le même."
                    .to_owned(),
            ],
        ),
        Language::En => (
            "Your Vigie password".to_owned(),
            vec![
                format!("Hello {name},"),
                format!("To choose a new password, open this link within the hour: {link}"),
                "If you didn't ask for it, do nothing: your password stays the same.".to_owned(),
            ],
        ),
    }
}

pub(super) fn invitation(
    language: Language,
    by: &str,
    company: &str,
    link: &str,
) -> (String, Vec<String>) {
    match language {
        Language::Fr => (
            format!("Invitation à rejoindre {company} sur Vigie"),
            vec![
                "Bonjour,".to_owned(),
                format!("{by} vous invite à rejoindre {company} sur Vigie."),
                format!("Pour accepter, ouvrez ce lien dans les sept jours : {link}"),
            ],
        ),
        Language::En => (
            format!("Invitation to join {company} on Vigie"),
            vec![
                "Hello,".to_owned(),
                format!("{by} invites you to join {company} on Vigie."),
                format!("To accept, open this link within seven days: {link}"),
            ],
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_t_smuggle_markup_into_a_message() {
        let (_, paragraphs) = invitation(
            Language::Fr,
            "<b>Awa</b>",
            "A & B",
            "https://vigie.example/x?a=1&b=2",
        );
        let html = html(&paragraphs);
        assert!(
            html.contains("&lt;b&gt;Awa&lt;/b&gt;") && html.contains("A &amp; B"),
            "{html}"
        );
    }
}
