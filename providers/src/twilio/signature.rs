//! `X-Twilio-Signature`: Base64 of HMAC-SHA1 over the called address followed by the sorted fields.
//! Source: twilio.com/docs/usage/webhooks/webhooks-security. No time is signed: protection against
//! replays comes from applying each (message, status) once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// Returns the signature of a form-encoded call.
#[must_use]
pub fn sign_callback(auth_token: &str, url: &str, params: &[(String, String)]) -> String {
    STANDARD.encode(compute_digest(auth_token, url, params))
}

/// Whether the signature is the right one; compared in constant time.
pub(super) fn is_signed(
    auth_token: &str,
    url: &str,
    params: &[(String, String)],
    signature: &str,
) -> bool {
    let expected = compute_digest(auth_token, url, params);
    STANDARD
        .decode(signature)
        .is_ok_and(|received| expected.ct_eq(&received).into())
}

fn compute_digest(auth_token: &str, url: &str, params: &[(String, String)]) -> Vec<u8> {
    let mut sorted: Vec<&(String, String)> = params.iter().collect();
    sorted.sort();
    sorted.dedup();
    let mut mac = crate::mac::keyed_mac::<Hmac<Sha1>>(auth_token);
    mac.update(url.as_bytes());
    for (name, value) in sorted {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::{is_signed, sign_callback};

    fn to_params(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";

    fn documented_params() -> Vec<(String, String)> {
        to_params(&[
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
            sign_callback("12345", URL, &documented_params()),
            "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        );
        let whatsapp = to_params(&[
            ("SmsStatus", "received"),
            ("From", "whatsapp:+221770000000"),
            ("To", "whatsapp:+14155238886"),
            ("Body", "Bonjour é 👍"),
            ("MessageSid", "SM00000000000000000000000000000000"),
        ]);
        let url = "https://app.example.sn/hooks/twilio/whatsapp";
        assert_eq!(
            sign_callback("12345", url, &whatsapp),
            "csLCDNCMzGVOCBhHq0dtPDbdT+Q="
        );
    }

    #[test]
    fn a_changed_field_address_token_or_signature_is_rejected() {
        let good = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        assert!(is_signed("12345", URL, &documented_params(), good));
        let mut changed = documented_params();
        changed[2].1 = "9".into();
        assert!(!is_signed("12345", URL, &changed, good));
        assert!(!is_signed(
            "12345",
            "https://mycompany.com/other",
            &documented_params(),
            good
        ));
        assert!(!is_signed("54321", URL, &documented_params(), good));
        for signature in ["", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "not base64!", "RSOY"] {
            assert!(
                !is_signed("12345", URL, &documented_params(), signature),
                "{signature}"
            );
        }
    }
}
