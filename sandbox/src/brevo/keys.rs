//! The fixed, public credentials that the sandbox accepts. The product's client repeats these
//! values, because neither side imports the other.

pub(super) const BREVO_API_KEY: &str = "xkeysib-sandbox";
pub const BREVO_WEBHOOK_TOKEN: &str = "sandbox-brevo-webhook";
