//! Creating a message: what Twilio validates at once. Other errors fail the delivery later.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};

use super::keys::TWILIO_WHATSAPP_FROM;
use super::message::{Message, new_sid};
use super::record::TwilioRecord;
use super::template::render_template;
use super::{MessageStatus, State, delivery, problem_response};
use crate::clock::read_clock;
use crate::state::Sandbox;

/// Twilio's limit for WhatsApp text.
const MAX_BODY_CHARS: usize = 1600;

/// Twilio's test number that is never valid.
const INVALID_TEST_NUMBER: &str = "+15005550001";

/// Twilio's error code and its text.
pub(super) type Rejection = (u32, String);

pub(super) async fn create_message(Shared(sandbox): Shared<Sandbox>, body: Bytes) -> Response {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let created = sandbox.with_data(|data| {
        let message = validate_message(&data.states.twilio, &form, read_clock())?;
        data.keep_record(TwilioRecord::Message, &message);
        data.states.twilio.put_message(message.clone());
        Ok::<_, Rejection>(message)
    });
    match created {
        Ok(message) => {
            crate::task::spawn_named(
                "whatsapp message",
                delivery::run_delivery(sandbox, message.sid.clone()),
            );
            (StatusCode::CREATED, Json(message.to_resource())).into_response()
        }
        Err((code, text)) => problem_response(StatusCode::BAD_REQUEST, code, &text),
    }
}

fn validate_message(
    state: &State,
    form: &BTreeMap<String, String>,
    now: DateTime<Utc>,
) -> Result<Message, Rejection> {
    let to = validate_to(state, form.get("To"))?;
    validate_from(form.get("From"))?;
    let content_sid = form
        .get("ContentSid")
        .filter(|sid| !sid.is_empty())
        .cloned();
    let body = match &content_sid {
        Some(sid) => render_template(
            sid,
            form.get("ContentVariables").map_or("{}", String::as_str),
        )?,
        None => validate_body(form.get("Body"))?,
    };
    let status_callback = form.get("StatusCallback").cloned();
    if status_callback
        .as_deref()
        .is_some_and(|url| url::Url::parse(url).is_err())
    {
        return Err((21609, "The 'StatusCallback' URL is not a valid URL.".into()));
    }
    validate_validity_period(form.get("ValidityPeriod"))?;
    // Twilio accepts free text outside the 24-hour window and fails its delivery.
    let is_window_open = state
        .last_inbound
        .get(&to)
        .is_some_and(|at| now - *at < TimeDelta::hours(24));
    let delivery_error = (content_sid.is_none() && !is_window_open).then_some(63016);
    Ok(Message {
        sid: new_sid("SM"),
        to,
        from: TWILIO_WHATSAPP_FROM.into(),
        body,
        content_sid,
        inbound: false,
        status: MessageStatus::Queued,
        delivery_error,
        error_code: None,
        status_callback,
        created_at: now,
        sent_at: None,
        updated_at: now,
    })
}

fn validate_to(state: &State, to: Option<&String>) -> Result<String, Rejection> {
    let Some(to) = to.filter(|to| !to.is_empty()) else {
        return Err((21604, "A 'To' phone number is required.".into()));
    };
    let number = to.strip_prefix("whatsapp:").unwrap_or_default();
    let digits = number.strip_prefix('+').unwrap_or_default();
    let is_valid = (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
        && number != INVALID_TEST_NUMBER;
    if !is_valid {
        return Err((
            21211,
            format!("The 'To' number {to} is not a valid phone number."),
        ));
    }
    if state.opted_out.contains(to) {
        return Err((21610, "Attempt to send to unsubscribed recipient".into()));
    }
    Ok(to.clone())
}

fn validate_from(from: Option<&String>) -> Result<(), Rejection> {
    match from.map(String::as_str) {
        None | Some("") => Err((21603, "A 'From' phone number is required.".into())),
        Some(TWILIO_WHATSAPP_FROM) => Ok(()),
        Some(_) => Err((
            63007,
            "Twilio could not find a Channel with the specified From address".into(),
        )),
    }
}

fn validate_body(body: Option<&String>) -> Result<String, Rejection> {
    let Some(body) = body.filter(|body| !body.is_empty()) else {
        return Err((21602, "Message body is required.".into()));
    };
    if body.chars().count() > MAX_BODY_CHARS {
        return Err((
            21617,
            "The concatenated message body exceeds the 1600 character limit.".into(),
        ));
    }
    Ok(body.clone())
}

fn validate_validity_period(seconds: Option<&String>) -> Result<(), Rejection> {
    let is_valid = |text: &String| {
        text.parse()
            .is_ok_and(|seconds: u32| (1..=36_000).contains(&seconds))
    };
    if seconds.is_none_or(is_valid) {
        return Ok(());
    }
    Err((
        30028,
        "ValidityPeriod must be between 1 and 36000 seconds".into(),
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::keys::{TWILIO_TEMPLATES, TWILIO_WHATSAPP_FROM};
    use super::super::{Inbound, State};
    use super::validate_message;
    use crate::clock::read_clock;

    fn form_with(changes: &[(&str, &str)]) -> BTreeMap<String, String> {
        let good = [
            ("To", "whatsapp:+221770000000"),
            ("From", TWILIO_WHATSAPP_FROM),
            ("Body", "Stock bas"),
        ];
        let mut form: BTreeMap<String, String> = good
            .iter()
            .map(|(k, v)| ((*k).into(), (*v).into()))
            .collect();
        form.extend(changes.iter().map(|(k, v)| ((*k).into(), (*v).into())));
        form
    }

    #[test]
    fn each_invalid_field_has_its_twilio_code() {
        let long = "x".repeat(1601);
        let cases: [(&[(&str, &str)], u32); 11] = [
            (&[("To", "")], 21604),
            (&[("To", "+221770000000")], 21211),
            (&[("To", "whatsapp:77")], 21211),
            (&[("To", "whatsapp:+15005550001")], 21211),
            (&[("From", "")], 21603),
            (&[("From", "whatsapp:+15550000000")], 63007),
            (&[("Body", "")], 21602),
            (&[("Body", &long)], 21617),
            (&[("StatusCallback", "nowhere")], 21609),
            (&[("ContentSid", "HX1")], 21655),
            (&[("ValidityPeriod", "0")], 30028),
        ];
        for (changes, code) in cases {
            let rejected =
                validate_message(&State::default(), &form_with(changes), read_clock()).unwrap_err();
            assert_eq!(rejected.0, code, "{changes:?}");
        }
    }

    #[test]
    fn free_text_fails_its_delivery_unless_the_recipient_has_written() {
        let mut state = State::default();
        assert_eq!(
            validate_message(&state, &form_with(&[]), read_clock())
                .unwrap()
                .delivery_error,
            Some(63016)
        );
        let template = [("ContentSid", TWILIO_TEMPLATES[0].0)];
        assert_eq!(
            validate_message(&state, &form_with(&template), read_clock())
                .unwrap()
                .delivery_error,
            None
        );
        state.record_inbound(&Inbound {
            from: "whatsapp:+221770000000".into(),
            body: "Bonjour".into(),
            at: read_clock(),
        });
        assert_eq!(
            validate_message(&state, &form_with(&[]), read_clock())
                .unwrap()
                .delivery_error,
            None
        );
        state.record_inbound(&Inbound {
            from: "whatsapp:+221770000000".into(),
            body: " stop".into(),
            at: read_clock(),
        });
        assert_eq!(
            validate_message(&state, &form_with(&[]), read_clock())
                .unwrap_err()
                .0,
            21610
        );
    }
}
