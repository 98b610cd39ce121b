//! Messages from recipients.

use super::Inbound;
use super::delivery::post_form;
use super::keys::{TWILIO_ACCOUNT_SID, TWILIO_WHATSAPP_FROM};
use super::message::{Message, MessageStatus, new_sid};
use super::record::TwilioRecord;
use crate::clock::read_clock;
use crate::operation::Operation;
use crate::provider::Provider;
use crate::state::Sandbox;

const INBOUND_MESSAGE: Operation = Operation {
    provider: Provider::Twilio,
    name: "inbound_message",
};

/// Receives a message from a recipient, which opens the 24-hour window, and posts it to the
/// product. Returns the message's sid.
pub(crate) async fn receive_message(sandbox: &Sandbox, number: &str, body: &str) -> String {
    let at = read_clock();
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
        status: MessageStatus::Received,
        delivery_error: None,
        error_code: None,
        status_callback: None,
        created_at: at,
        sent_at: Some(at),
        updated_at: at,
    };
    let sid = message.sid.clone();
    let url = sandbox.with_data(|data| {
        data.keep_record(TwilioRecord::Inbound, &inbound);
        data.keep_record(TwilioRecord::Message, &message);
        data.states.twilio.record_inbound(&inbound);
        data.states.twilio.put_message(message);
        data.settings.twilio_inbound_url.clone()
    });
    if let Some(url) = url {
        let form = [
            ("AccountSid", TWILIO_ACCOUNT_SID.to_owned()),
            ("Body", inbound.body),
            ("From", inbound.from),
            ("MessageSid", sid.clone()),
            ("NumMedia", "0".to_owned()),
            ("SmsStatus", MessageStatus::Received.name().to_owned()),
            ("To", TWILIO_WHATSAPP_FROM.to_owned()),
        ];
        post_form(
            sandbox,
            INBOUND_MESSAGE,
            &url,
            MessageStatus::Received,
            &form,
        )
        .await;
    }
    sid
}
