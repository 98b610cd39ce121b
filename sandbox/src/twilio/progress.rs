//! What happens to a message after it was accepted: its steps, told to its status callback with
//! Twilio's signature, and messages from recipients.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::Inbound;
use super::message::{Message, new_sid};
use crate::clock::now;
use crate::deliveries::{Outgoing, deliver};
use crate::faults::take_reverse;
use crate::keys::{TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_WHATSAPP_FROM};
use crate::operations::Operation;
use crate::state::Sandbox;

const STATUS: Operation = Operation {
    provider: "twilio",
    name: "status_callback",
};
const INBOUND: Operation = Operation {
    provider: "twilio",
    name: "inbound_message",
};

/// The steps that a message still has before it, from where it stands.
fn steps(message: &Message, read: bool) -> Vec<&'static str> {
    let all: &[&str] = match (message.doom, read) {
        (Some(_), _) => &["failed"],
        (None, true) => &["sent", "delivered", "read"],
        (None, false) => &["sent", "delivered"],
    };
    let done = all
        .iter()
        .position(|step| *step == message.status)
        .map_or(0, |at| at + 1);
    all[done..].to_vec()
}

/// Carries a message through its steps; ends early when the state was emptied.
pub(super) async fn run(sandbox: Sandbox, sid: String) {
    let begin = sandbox.with(|data| {
        let message = data.twilio.find(&sid)?;
        let path = message.status_callback.clone().unwrap_or_default();
        let steps = steps(message, data.settings.read_receipts);
        Some((
            steps,
            data.settings.step_ms,
            take_reverse(&mut data.rules, STATUS, &path),
        ))
    });
    let Some((steps, pause, reverse)) = begin else {
        return;
    };
    let mut told = Vec::new();
    for step in steps {
        if pause > 0 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        let Some(message) = advance(&sandbox, &sid, step) else {
            return;
        };
        if reverse {
            told.insert(0, message);
        } else {
            tell(&sandbox, &message).await;
        }
    }
    for message in told {
        tell(&sandbox, &message).await;
    }
}

fn advance(sandbox: &Sandbox, sid: &str, step: &str) -> Option<Message> {
    sandbox.with(|data| {
        let message = data.twilio.find_mut(sid)?;
        let at = now();
        step.clone_into(&mut message.status);
        message.updated_at = at;
        message.sent_at.get_or_insert(at);
        if step == "failed" {
            message.error_code = message.doom;
        }
        let message = message.clone();
        data.keep("message", &message);
        Some(message)
    })
}

async fn tell(sandbox: &Sandbox, message: &Message) {
    let Some(url) = message.status_callback.as_deref() else {
        return;
    };
    if !sandbox.with(|data| data.settings.status_callbacks) {
        return;
    }
    let mut form = vec![
        ("AccountSid", TWILIO_ACCOUNT_SID.to_owned()),
        ("ApiVersion", "2010-04-01".to_owned()),
        ("ChannelPrefix", "whatsapp".to_owned()),
        ("From", message.from.clone()),
        ("MessageSid", message.sid.clone()),
        ("MessageStatus", message.status.clone()),
        ("SmsSid", message.sid.clone()),
        ("SmsStatus", message.status.clone()),
        ("To", message.to.clone()),
    ];
    form.extend(
        message
            .error_code
            .map(|code| ("ErrorCode", code.to_string())),
    );
    post(sandbox, STATUS, url, &message.status, &form).await;
}

/// A recipient writes to us: opens the 24-hour window, and is told to the product.
pub(crate) async fn receive(sandbox: &Sandbox, number: &str, body: &str) -> String {
    let at = now();
    let inbound = Inbound {
        from: format!("whatsapp:{number}"),
        body: body.to_owned(),
        at,
    };
    let message = Message {
        sid: new_sid("SM"),
        to: TWILIO_WHATSAPP_FROM.into(),
        from: inbound.from.clone(),
        body: body.to_owned(),
        content_sid: None,
        inbound: true,
        status: "received".into(),
        doom: None,
        error_code: None,
        status_callback: None,
        created_at: at,
        sent_at: Some(at),
        updated_at: at,
    };
    let sid = message.sid.clone();
    let url = sandbox.with(|data| {
        data.keep("inbound", &inbound);
        data.keep("message", &message);
        data.twilio.hear(&inbound);
        data.twilio.put(message);
        data.settings.twilio_inbound_url.clone()
    });
    if let Some(url) = url {
        let form = [
            ("AccountSid", TWILIO_ACCOUNT_SID.to_owned()),
            ("Body", inbound.body),
            ("From", inbound.from),
            ("MessageSid", sid.clone()),
            ("NumMedia", "0".to_owned()),
            ("SmsStatus", "received".to_owned()),
            ("To", TWILIO_WHATSAPP_FROM.to_owned()),
        ];
        post(sandbox, INBOUND, &url, "received", &form).await;
    }
    sid
}

async fn post(
    sandbox: &Sandbox,
    operation: Operation,
    url: &str,
    about: &str,
    form: &[(&str, String)],
) {
    let signature = sign(url, form);
    let outgoing = Outgoing {
        operation,
        url,
        about,
        retries: &[],
    };
    deliver(sandbox, outgoing, |http| {
        http.post(url)
            .header("X-Twilio-Signature", &signature)
            .form(form)
    })
    .await;
}

/// HMAC-SHA1 of the address and the fields, which are in the order of their names.
fn sign(url: &str, form: &[(&str, String)]) -> String {
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

/// Carries on with the messages that a stop left on their way.
pub(crate) fn resume(sandbox: &Sandbox) {
    let waiting: Vec<String> = sandbox.with(|data| {
        let read = data.settings.read_receipts;
        let open =
            |m: &&Message| !m.inbound && m.error_code.is_none() && !steps(m, read).is_empty();
        data.twilio
            .messages
            .iter()
            .filter(open)
            .map(|m| m.sid.clone())
            .collect()
    });
    for sid in waiting {
        crate::task::spawn("whatsapp message", run(sandbox.clone(), sid));
    }
}
