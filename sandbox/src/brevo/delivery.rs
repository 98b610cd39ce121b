//! The delivery of an e-mail: its statuses, each sent to the webhook.

use std::time::Duration;

use serde_json::{Value, json};

use super::email::{Email, EmailStatus};
use super::record::BrevoRecord;
use crate::clock::read_clock;
use crate::deliveries::{Outgoing, deliver_call};
use crate::faults::take_reverse;
use crate::operation::Operation;
use crate::provider::Provider;
use crate::state::Sandbox;

const EVENT: Operation = Operation {
    provider: Provider::Brevo,
    name: "email_event",
};

/// The waits before each further attempt of a failed webhook.
const RETRY_SECONDS: [u64; 3] = [1, 5, 30];

pub(super) async fn run_delivery(sandbox: Sandbox, id: String) {
    let start = sandbox.with_data(|data| {
        let last = data.states.brevo.find_email(&id)?.final_status();
        let url = data.settings.brevo_webhook_url.clone().unwrap_or_default();
        Some((
            last,
            data.settings.step_ms,
            take_reverse(&mut data.rules, EVENT, &url),
        ))
    });
    let Some((last, pause, reverse)) = start else {
        return;
    };
    let mut held_back = Vec::new();
    for status in [EmailStatus::Request, last] {
        if pause > 0 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        let Some(email) = set_status(&sandbox, &id, status) else {
            return;
        };
        if reverse {
            held_back.insert(0, email);
        } else {
            call_webhook(&sandbox, &email).await;
        }
    }
    for email in held_back {
        call_webhook(&sandbox, &email).await;
    }
}

fn set_status(sandbox: &Sandbox, id: &str, status: EmailStatus) -> Option<Email> {
    sandbox.with_data(|data| {
        let email = data.states.brevo.find_email_mut(id)?;
        email.status = status;
        let email = email.clone();
        data.keep_record(BrevoRecord::Email, &email);
        Some(email)
    })
}

async fn call_webhook(sandbox: &Sandbox, email: &Email) {
    let (url, token) = sandbox.with_data(|data| {
        (
            data.settings.brevo_webhook_url.clone(),
            data.settings.brevo_webhook_token.clone(),
        )
    });
    let Some(url) = url else { return };
    let body = event_body(email);
    let outgoing = Outgoing {
        operation: EVENT,
        url: &url,
        subject: email.status.name(),
        retry_seconds: &RETRY_SECONDS,
    };
    deliver_call(sandbox, outgoing, |http| {
        http.post(&url).bearer_auth(&token).json(&body)
    })
    .await;
}

/// Returns the body of an event. `id` names the webhook, and `date` is in Brevo's time zone.
fn event_body(email: &Email) -> Value {
    let at = read_clock();
    json!({
        "event": email.status,
        "email": email.to.first(),
        "id": 1,
        "date": (at + chrono::TimeDelta::hours(1)).format("%Y-%m-%d %H:%M:%S").to_string(),
        "ts": at.timestamp(),
        "ts_event": at.timestamp(),
        "ts_epoch": at.timestamp_millis(),
        "message-id": email.message_id,
        "subject": email.subject,
        "X-Mailin-custom": email.reference,
        "tags": email.tags,
    })
}

/// Continues the deliveries that a stop interrupted.
pub(crate) fn resume_emails(sandbox: &Sandbox) {
    let waiting: Vec<String> = sandbox.with_data(|data| {
        let open = |email: &&Email| email.status == EmailStatus::Request;
        data.states
            .brevo
            .emails
            .iter()
            .filter(open)
            .map(|email| email.message_id.clone())
            .collect()
    });
    for id in waiting {
        crate::task::spawn_named("e-mail", run_delivery(sandbox.clone(), id));
    }
}
