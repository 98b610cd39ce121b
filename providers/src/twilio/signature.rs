//! `X-Twilio-Signature`: Base64 of HMAC-SHA1 over the called address followed by the sorted fields.
//! Source: twilio.com/docs/usage/webhooks/webhooks-security. No time is signed, so that protection
//! against replays comes from applying each (message, status) once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// The signature of a form-encoded call.
#[must_use]
pub fn sign(auth_token: &str, url: &str, params: &[(String, String)]) -> String {
    STANDARD.encode(digest(auth_token, url, params))
}

/// Whether the signature is right; compared in constant time.
#[must_use]
pub fn verify(auth_token: &str, url: &str, params: &[(String, String)], signature: &str) -> bool {
    STANDARD
        .decode(signature)
        .is_ok_and(|given| digest(auth_token, url, params).ct_eq(&given).into())
}

fn digest(auth_token: &str, url: &str, params: &[(String, String)]) -> Vec<u8> {
    let mut sorted: Vec<&(String, String)> = params.iter().collect();
    sorted.sort();
    sorted.dedup();
    let mut mac = crate::mac::keyed::<Hmac<Sha1>>(auth_token);
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::{sign, verify};

    fn params(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

    fn documented() -> Vec<(String, String)> {
        params(&[
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ])
    }

    #[test]
    fn signatures_equal_those_of_twilios_own_library() {
        assert_eq!(
            sign("12345", URL, &documented()),
            "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        );
        let whatsapp = params(&[
            ("SmsStatus", "received"),
            ("From", "whatsapp:+221770000000"),
            ("To", "whatsapp:+14155238886"),
            ("Body", "Bonjour é 👍"),
            ("MessageSid", "SM00000000000000000000000000000000"),
        ]);
        let url = "https://app.example.sn/hooks/twilio/whatsapp";
        assert_eq!(
            sign("12345", url, &whatsapp),
            "csLCDNCMzGVOCBhHq0dtPDbdT+Q="
        );
    }

    #[test]
    fn a_changed_field_address_token_or_signature_is_refused() {
        let good = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        assert!(verify("12345", URL, &documented(), good));
        let mut changed = documented();
        changed[2].1 = "9".into();
        assert!(!verify("12345", URL, &changed, good));
        assert!(!verify(
            "12345",
            "https://mycompany.com/other",
            &documented(),
            good
        ));
        assert!(!verify("54321", URL, &documented(), good));
        for signature in ["", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "not base64!", "RSOY"] {
            assert!(
                !verify("12345", URL, &documented(), signature),
                "{signature}"
            );
        }
    }
}
