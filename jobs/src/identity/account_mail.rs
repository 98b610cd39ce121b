//! The e-mails about accounts and access. They use no template of a company, so that nobody can
//! change their text or read the secret in a stored message.

use domain::identity::Language;
use platform::ids::{JobId, Uuid};
use providers::brevo::NewEmail;

use crate::mail::to_html;

/// Recipient and text of an e-mail about an account.
pub(super) struct AccountMail {
    pub(super) to_email: String,
    pub(super) to_name: Option<String>,
    pub(super) subject: String,
    pub(super) paragraphs: Vec<String>,
    pub(super) tag: &'static str,
}

impl AccountMail {
    /// Builds the e-mail. `subject_id` is the row that it is about: one row is mailed once.
    pub(super) fn into_email(self, subject_id: Uuid, job: JobId) -> NewEmail {
        NewEmail {
            to_email: self.to_email,
            to_name: self.to_name,
            subject: self.subject,
            html: to_html(&self.paragraphs),
            text: Some(self.paragraphs.join("\n\n")),
            idempotency_key: subject_id,
            reference: job.to_string(),
            tags: vec![self.tag.to_owned()],
            attachments: Vec::new(),
        }
    }
}

/// Returns subject and paragraphs of the e-mail that resets a password.
pub(super) fn password_reset_text(
    language: Language,
    name: &str,
    link: &str,
) -> (String, Vec<String>) {
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

/// Returns subject and paragraphs of the e-mail that completes a registration. Anybody may have
/// entered the names of the person and the company, so the text holds neither.
pub(super) fn registration_text(language: Language, link: &str) -> (String, Vec<String>) {
    match language {
        Language::Fr => (
            "Confirmez votre compte Vigie".to_owned(),
            vec![
                "Bonjour,".to_owned(),
                format!(
                    "Pour créer votre compte, ouvrez ce lien dans les sept jours et entrez le mot \
                     de passe que vous avez choisi : {link}"
                ),
                "Si vous n'avez pas demandé de compte Vigie, ne faites rien : sans ce lien, aucun \
                 compte n'existe."
                    .to_owned(),
            ],
        ),
        Language::En => (
            "Confirm your Vigie account".to_owned(),
            vec![
                "Hello,".to_owned(),
                format!(
                    "To create your account, open this link within seven days and enter the \
                     password that you chose: {link}"
                ),
                "If you didn't request a Vigie account, do nothing: without this link no account \
                 exists."
                    .to_owned(),
            ],
        ),
    }
}

/// Returns subject and paragraphs of the e-mail to a person whose address was registered again.
pub(super) fn repeated_registration_text(language: Language, name: &str) -> (String, Vec<String>) {
    match language {
        Language::Fr => (
            "Vous avez déjà un compte Vigie".to_owned(),
            vec![
                format!("Bonjour {name},"),
                "Quelqu'un a demandé un compte Vigie avec cette adresse, qui en a déjà un. Si \
                 c'était vous, connectez-vous, ou demandez un nouveau mot de passe."
                    .to_owned(),
                "Sinon, ne faites rien : votre compte n'a pas changé.".to_owned(),
            ],
        ),
        Language::En => (
            "You already have a Vigie account".to_owned(),
            vec![
                format!("Hello {name},"),
                "Somebody requested a Vigie account with this address, which already has one. If \
                 it was you, sign in, or request a new password."
                    .to_owned(),
                "If not, do nothing: your account has not changed.".to_owned(),
            ],
        ),
    }
}

/// Returns subject and paragraphs of the e-mail that invites a person to a company.
pub(super) fn invitation_text(
    language: Language,
    invited_by: &str,
    company: &str,
    link: &str,
) -> (String, Vec<String>) {
    match language {
        Language::Fr => (
            format!("Invitation à rejoindre {company} sur Vigie"),
            vec![
                "Bonjour,".to_owned(),
                format!("{invited_by} vous invite à rejoindre {company} sur Vigie."),
                format!("Pour accepter, ouvrez ce lien dans les sept jours : {link}"),
            ],
        ),
        Language::En => (
            format!("Invitation to join {company} on Vigie"),
            vec![
                "Hello,".to_owned(),
                format!("{invited_by} invites you to join {company} on Vigie."),
                format!("To accept, open this link within seven days: {link}"),
            ],
        ),
    }
}
