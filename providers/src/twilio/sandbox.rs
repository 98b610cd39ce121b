//! The sandbox's account.

use crate::TwilioCredentials;

const ACCOUNT_SID: &str = "AC5a4d0000000000000000000000005a4d";
const AUTH_TOKEN: &str = "sandbox-twilio-token";
const WHATSAPP_FROM: &str = "+14155238886";
/// Approved templates by language: `{{1}}` is the title, `{{2}}` the text, `{{3}}` the link.
pub const TWILIO_CONTENT_ALERT_FR: &str = "HX00000000000000000000000000a1e7f4";
pub const TWILIO_CONTENT_ALERT_EN: &str = "HX00000000000000000000000000a1e7e4";
/// `{{1}}` is the company, `{{2}}` the code.
pub const TWILIO_CONTENT_CODE_FR: &str = "HX00000000000000000000000000c0def4";
pub const TWILIO_CONTENT_CODE_EN: &str = "HX00000000000000000000000000c0dee4";

pub(crate) fn sandbox_credentials() -> TwilioCredentials {
    TwilioCredentials {
        account_sid: ACCOUNT_SID.into(),
        auth_token: AUTH_TOKEN.into(),
        whatsapp_from: WHATSAPP_FROM.into(),
    }
}
