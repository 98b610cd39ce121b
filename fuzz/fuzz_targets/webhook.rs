//! The bodies and signatures of the providers' webhooks. The first line is a signature, the rest a
//! body.
#![no_main]

use std::sync::LazyLock;

use chrono::DateTime;
use domain::notifications::parse_keyword;
use fuzz::assert_storable;
use jobs::notifications::parse_reference;
use libfuzzer_sys::fuzz_target;
use providers::sandbox::{BREVO_WEBHOOK_TOKEN, STRIPE_WEBHOOK_SECRET};
use providers::stripe::{Event, sign_event};
use providers::twilio::{InboundMessage, StatusCallback, class_of, sign_callback};
use providers::{Providers, brevo};

/// Of the sandbox's account.
const TWILIO_AUTH_TOKEN: &str = "sandbox-twilio-token";
const URL: &str = "https://app.example.sn/api/v1/webhooks/twilio/status?company=1&effect=2";

static PROVIDERS: LazyLock<Providers> =
    LazyLock::new(|| Providers::sandbox("http://127.0.0.1:1").expect("clients of the sandbox"));

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n');
    let (signature, body) = match end {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (&b""[..], input),
    };
    let signature = String::from_utf8_lossy(signature);
    receive_stripe(&signature, body);
    receive_twilio(&signature, body);
    receive_brevo(&signature, body);
});

fn receive_stripe(signature: &str, body: &[u8]) {
    let now = DateTime::from_timestamp(1_777_896_000, 0).expect("a time");
    let stripe = &PROVIDERS.stripe;
    assert!(
        stripe.verify_event(body, signature, now).is_err(),
        "a forged event"
    );
    let signed = sign_event(STRIPE_WEBHOOK_SECRET, body, now);
    let event = stripe.verify_event(body, &signed, now);
    assert_eq!(event, Event::parse(body));
    if let Ok(event) = event {
        assert_storable(&[
            &event.id,
            &event.kind,
            event.object_id().unwrap_or_default(),
        ]);
        assert_storable(&event.object);
    }
}

fn receive_twilio(signature: &str, body: &[u8]) {
    let form: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let twilio = &PROVIDERS.twilio;
    assert!(
        !twilio.verify_signature(URL, &form, signature),
        "a forged callback"
    );
    let signed = sign_callback(TWILIO_AUTH_TOKEN, URL, &form);
    assert!(
        twilio.verify_signature(URL, &form, &signed),
        "a signed callback"
    );
    if let Some(callback) = StatusCallback::from_form(&form) {
        assert_storable(&[&callback.message_sid]);
        let _ = callback.error_code.map(class_of);
    }
    if let Some(message) = InboundMessage::from_form(&form) {
        assert_storable(&[
            &message.message_sid,
            &message.from,
            &message.to,
            &message.body,
        ]);
        let _ = parse_keyword(&message.body);
    }
}

fn receive_brevo(token: &str, body: &[u8]) {
    let is_ours = PROVIDERS.brevo.verify_webhook_token(token);
    assert_eq!(
        is_ours,
        token.strip_prefix("Bearer ").unwrap_or(token) == BREVO_WEBHOOK_TOKEN
    );
    for event in brevo::parse_events(body).unwrap_or_default() {
        assert_storable(&[&event.event, &event.email, &event.message_id]);
        let optional = [&event.reference, &event.link, &event.reason];
        let texts: Vec<_> = optional.into_iter().flatten().chain(&event.tags).collect();
        texts.iter().for_each(|text| assert_storable(&[text]));
        let _ = event.reference.as_deref().and_then(parse_reference);
    }
}
