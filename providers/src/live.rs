//! The real services: credentials as the executable read them, and the clients made from them.

use secrecy::SecretString;

use crate::http::{Timeouts, live_client};
use crate::{Brevo, Meta, Mode, Providers, SetupError, Stripe, Twilio};

/// Everything that `live` needs; the executable refuses to start while one is missing.
#[derive(Debug, Clone)]
pub struct LiveCredentials {
    pub twilio: TwilioCredentials,
    pub brevo: BrevoCredentials,
    pub stripe: StripeCredentials,
    pub meta: MetaCredentials,
}

/// Account, its primary token (which also signs callbacks) and the WhatsApp sender in E.164.
#[derive(Debug, Clone)]
pub struct TwilioCredentials {
    pub account_sid: String,
    pub auth_token: SecretString,
    pub whatsapp_from: String,
}

/// API key, the address that mails come from, and the token that webhooks must carry.
#[derive(Debug, Clone)]
pub struct BrevoCredentials {
    pub api_key: SecretString,
    pub sender_email: String,
    pub sender_name: String,
    pub webhook_token: SecretString,
}

/// Secret key, webhook secret, and the price of each paid plan.
#[derive(Debug, Clone)]
pub struct StripeCredentials {
    pub secret_key: SecretString,
    pub webhook_secret: SecretString,
    pub price_pro: String,
    pub price_enterprise: String,
}

/// The app that companies grant access to, and the Graph version (`v26.0`).
#[derive(Debug, Clone)]
pub struct MetaCredentials {
    pub app_id: String,
    pub app_secret: SecretString,
    pub api_version: String,
}

impl Providers {
    /// Clients of the real services.
    ///
    /// # Errors
    /// When the machine has no usable certificate store.
    pub fn live(credentials: LiveCredentials) -> Result<Self, SetupError> {
        let client = live_client(Timeouts::default())?;
        Ok(Self {
            mode: Mode::Live,
            twilio: Twilio::new(client.clone(), "https://api.twilio.com", credentials.twilio),
            brevo: Brevo::new(
                client.clone(),
                "https://api.brevo.com/v3",
                credentials.brevo,
            ),
            stripe: Stripe::new(client.clone(), "https://api.stripe.com", credentials.stripe),
            meta: Meta::new(client, "https://graph.facebook.com", credentials.meta),
        })
    }
}
