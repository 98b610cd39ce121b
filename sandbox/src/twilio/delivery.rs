//! The delivery of an accepted message: its statuses, each sent to its status callback with
//! Twilio's signature.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::keys::{TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN};
use super::message::{Message, MessageStatus};
use super::record::TwilioRecord;
use crate::clock::read_clock;
use crate::deliveries::{Outgoing, deliver_call};
use crate::faults::take_reverse;
use crate::operation::Operation;
use crate::provider::Provider;
use crate::settings::Settings;
use crate::state::Sandbox;

const STATUS_CALLBACK: Operation = Operation {
    provider: Provider::Twilio,
    name: "status_callback",
};

/// Returns the statuses that a message still has to reach.
fn remaining_statuses(message: &Message, settings: &Settings) -> Vec<MessageStatus> {
    use MessageStatus::{Delivered, Failed, Read, Sent};
    let all: &[MessageStatus] = match (message.delivery_error, settings.read_receipts) {
        (Some(_), _) => &[Failed],
        (None, true) => &[Sent, Delivered, Read],
        (None, false) => &[Sent, Delivered],
    };
    let done = all
        .iter()
        .position(|status| *status == message.status)
        .map_or(0, |at| at + 1);
    all[done..].to_vec()
}

/// Takes a message through its statuses. Ends early if the state is cleared.
pub(super) async fn run_delivery(sandbox: Sandbox, sid: String) {
    let start = sandbox.with_data(|data| {
        let message = data.states.twilio.find_message(&sid)?;
        let path = message.status_callback.clone().unwrap_or_default();
        let statuses = remaining_statuses(message, &data.settings);
        Some((
            statuses,
            data.settings.step_ms,
            take_reverse(&mut data.rules, STATUS_CALLBACK, &path),
        ))
    });
    let Some((statuses, pause, reverse)) = start else {
        return;
    };
    let mut held_back = Vec::new();
    for status in statuses {
        if pause > 0 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        let Some(message) = set_status(&sandbox, &sid, status) else {
            return;
        };
        if reverse {
            held_back.insert(0, message);
        } else {
            call_status_callback(&sandbox, &message).await;
        }
    }
    for message in held_back {
        call_status_callback(&sandbox, &message).await;
    }
}

fn set_status(sandbox: &Sandbox, sid: &str, status: MessageStatus) -> Option<Message> {
    sandbox.with_data(|data| {
        let message = data.states.twilio.find_message_mut(sid)?;
        let at = read_clock();
        message.status = status;
        message.updated_at = at;
        message.sent_at.get_or_insert(at);
        if status == MessageStatus::Failed {
            message.error_code = message.delivery_error;
        }
        let message = message.clone();
        data.keep_record(TwilioRecord::Message, &message);
        Some(message)
    })
}

async fn call_status_callback(sandbox: &Sandbox, message: &Message) {
    let Some(url) = message.status_callback.as_deref() else {
        return;
    };
    if !sandbox.with_data(|data| data.settings.status_callbacks) {
        return;
    }
    let mut form = vec![
        ("AccountSid", TWILIO_ACCOUNT_SID.to_owned()),
        ("ApiVersion", "2010-04-01".to_owned()),
        ("ChannelPrefix", "whatsapp".to_owned()),
        ("From", message.from.clone()),
        ("MessageSid", message.sid.clone()),
        ("MessageStatus", message.status.name().to_owned()),
        ("SmsSid", message.sid.clone()),
        ("SmsStatus", message.status.name().to_owned()),
        ("To", message.to.clone()),
    ];
    form.extend(
        message
            .error_code
            .map(|code| ("ErrorCode", code.to_string())),
    );
    post_form(sandbox, STATUS_CALLBACK, url, message.status, &form).await;
}

/// Posts a signed form to the product.
pub(super) async fn post_form(
    sandbox: &Sandbox,
    operation: Operation,
    url: &str,
    status: MessageStatus,
    form: &[(&str, String)],
) {
    let signature = sign_form(url, form);
    let outgoing = Outgoing {
        operation,
        url,
        subject: status.name(),
        retry_seconds: &[],
    };
    deliver_call(sandbox, outgoing, |http| {
        http.post(url)
            .header("X-Twilio-Signature", &signature)
            .form(form)
    })
    .await;
}

/// Returns Twilio's signature: HMAC-SHA1 of the URL and the fields in the order of their names.
fn sign_form(url: &str, form: &[(&str, String)]) -> String {
    let mut sorted: Vec<_> = form.iter().collect();
    sorted.sort();
    let text: String = sorted
        .iter()
        .map(|(name, value)| format!("{name}{value}"))
        .collect();
    let mut mac =
        <Hmac<Sha1> as Mac>::new_from_slice(TWILIO_AUTH_TOKEN.as_bytes()).expect("any key length");
    mac.update(url.as_bytes());
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Continues the deliveries that a stop interrupted.
pub(crate) fn resume_messages(sandbox: &Sandbox) {
    let waiting: Vec<String> = sandbox.with_data(|data| {
        let settings = &data.settings;
        let open = |m: &&Message| {
            !m.inbound && m.error_code.is_none() && !remaining_statuses(m, settings).is_empty()
        };
        data.states
            .twilio
            .messages
            .iter()
            .filter(open)
            .map(|m| m.sid.clone())
            .collect()
    });
    for sid in waiting {
        crate::task::spawn_named("whatsapp message", run_delivery(sandbox.clone(), sid));
    }
}
