//! The fixed, public credentials that the sandbox accepts. The product's client repeats these
//! values, because neither side imports the other.

pub(super) const TWILIO_ACCOUNT_SID: &str = "AC5a4d0000000000000000000000005a4d";
pub const TWILIO_AUTH_TOKEN: &str = "sandbox-twilio-token";
pub(super) const TWILIO_WHATSAPP_FROM: &str = "whatsapp:+14155238886";

/// Approved WhatsApp templates: content sid and text.
pub(super) const TWILIO_TEMPLATES: [(&str, &str); 4] = [
    (
        "HX00000000000000000000000000a1e7f4",
        "*{{1}}*\n{{2}}\n\n{{3}}",
    ),
    (
        "HX00000000000000000000000000a1e7e4",
        "*{{1}}*\n{{2}}\n\n{{3}}",
    ),
    (
        "HX00000000000000000000000000c0def4",
        "Souhaitez-vous recevoir les alertes de {{1}} ?\n\n\
         Si oui, donnez-lui ce code, valable 24 heures : {{2}}\n\
         Sinon, ignorez ce message : aucune alerte ne vous sera envoyée.",
    ),
    (
        "HX00000000000000000000000000c0dee4",
        "Would you like to receive the alerts of {{1}}?\n\n\
         If so, give them this code, valid for 24 hours: {{2}}\n\
         If not, ignore this message: no alert will be sent to you.",
    ),
];
