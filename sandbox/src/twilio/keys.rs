//! The fixed, public credentials that the sandbox accepts. The product's client repeats these
//! values, because neither side imports the other.

pub(super) const TWILIO_ACCOUNT_SID: &str = "AC5a4d0000000000000000000000005a4d";
pub const TWILIO_AUTH_TOKEN: &str = "sandbox-twilio-token";
pub(super) const TWILIO_WHATSAPP_FROM: &str = "whatsapp:+14155238886";

/// Approved WhatsApp templates: content sid and text.
pub(super) const TWILIO_TEMPLATES: [(&str, &str); 2] = [
    (
        "HX00000000000000000000000000a1e7f4",
        "*{{1}}*\n{{2}}\n\n{{3}}",
    ),
    (
        "HX00000000000000000000000000a1e7e4",
        "*{{1}}*\n{{2}}\n\n{{3}}",
    ),
];
