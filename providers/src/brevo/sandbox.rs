//! The sandbox's account.

use crate::BrevoCredentials;

const API_KEY: &str = "xkeysib-sandbox";
const SENDER_EMAIL: &str = "alertes@vigie.example";
const SENDER_NAME: &str = "Vigie";
pub const BREVO_WEBHOOK_TOKEN: &str = "sandbox-brevo-webhook";

pub(crate) fn sandbox_credentials() -> BrevoCredentials {
    BrevoCredentials {
        api_key: API_KEY.into(),
        sender_email: SENDER_EMAIL.into(),
        sender_name: SENDER_NAME.into(),
        webhook_token: BREVO_WEBHOOK_TOKEN.into(),
    }
}
