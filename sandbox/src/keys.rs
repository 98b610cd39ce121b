//! The fixed, public credentials that the sandbox accepts. The product's provider clients repeat
//! these values, because neither side imports the other.

pub const TWILIO_ACCOUNT_SID: &str = "AC5a4d0000000000000000000000005a4d";
pub const TWILIO_AUTH_TOKEN: &str = "sandbox-twilio-token";
pub const TWILIO_WHATSAPP_FROM: &str = "whatsapp:+14155238886";
pub const BREVO_API_KEY: &str = "xkeysib-sandbox";
pub const BREVO_WEBHOOK_TOKEN: &str = "sandbox-brevo-webhook";
pub const STRIPE_SECRET_KEY: &str = "sk_test_sandbox";
pub const STRIPE_WEBHOOK_SECRET: &str = "whsec_sandbox";
/// Price ids with their monthly amount, in the smallest unit of XOF.
pub const STRIPE_PRICES: [(&str, i64); 2] = [
    ("price_sandbox_pro", 25_000),
    ("price_sandbox_enterprise", 150_000),
];
pub const META_APP_ID: &str = "1000000000000001";
pub const META_APP_SECRET: &str = "sandbox-meta-secret";
pub const META_ACCESS_TOKEN: &str = "EAAsandbox";

/// Approved WhatsApp templates: content sid and text.
pub const TWILIO_TEMPLATES: [(&str, &str); 2] = [
    (
        "HX00000000000000000000000000a1e7f4",
        "*{{1}}*\n{{2}}\n\n{{3}}",
    ),
    (
        "HX00000000000000000000000000a1e7e4",
        "*{{1}}*\n{{2}}\n\n{{3}}",
    ),
];
