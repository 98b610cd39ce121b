//! The sandbox's account.

use crate::TwilioCredentials;

const ACCOUNT_SID: &str = "AC5a4d0000000000000000000000005a4d";
const AUTH_TOKEN: &str = "sandbox-twilio-token";
const WHATSAPP_FROM: &str = "+14155238886";
/// Approved templates by language: `{{1}}` is the title, `{{2}}` the text, `{{3}}` the link.
pub const TWILIO_CONTENT_ALERT_FR: &str = "HX00000000000000000000000000a1e7f4";
pub const TWILIO_CONTENT_ALERT_EN: &str = "HX00000000000000000000000000a1e7e4";

pub(crate) fn sandbox_credentials() -> TwilioCredentials {
    TwilioCredentials {
        account_sid: ACCOUNT_SID.into(),
        auth_token: AUTH_TOKEN.into(),
        whatsapp_from: WHATSAPP_FROM.into(),
    }
}
