//! The sandbox's account.

use crate::StripeCredentials;

const SECRET_KEY: &str = "sk_test_sandbox";
pub const STRIPE_WEBHOOK_SECRET: &str = "whsec_sandbox";
pub const STRIPE_PRICE_PRO: &str = "price_sandbox_pro";
pub const STRIPE_PRICE_ENTERPRISE: &str = "price_sandbox_enterprise";

pub(crate) fn sandbox_credentials() -> StripeCredentials {
    StripeCredentials {
        secret_key: SECRET_KEY.into(),
        webhook_secret: STRIPE_WEBHOOK_SECRET.into(),
        price_pro: STRIPE_PRICE_PRO.into(),
        price_enterprise: STRIPE_PRICE_ENTERPRISE.into(),
    }
}
