//! What happens to an e-mail: requested, then delivered or bounced, told to the webhook.

use std::time::Duration;

use serde_json::{Value, json};

use super::Email;
use crate::clock::now;
use crate::deliveries::{Outgoing, deliver};
use crate::faults::take_reverse;
use crate::operations::Operation;
use crate::state::Sandbox;

const EVENT: Operation = Operation {
    provider: "brevo",
    name: "email_event",
};

/// Seconds before a failed webhook is tried again.
const RETRIES: [u64; 3] = [1, 5, 30];

pub(super) async fn run(sandbox: Sandbox, id: String) {
    let begin = sandbox.with(|data| {
        let end = data.brevo.find(&id)?.end();
        let url = data.settings.brevo_webhook_url.clone().unwrap_or_default();
        Some((
            end,
            data.settings.step_ms,
            take_reverse(&mut data.rules, EVENT, &url),
        ))
    });
    let Some((end, pause, reverse)) = begin else {
        return;
    };
    let mut told = Vec::new();
    for step in ["request", end] {
        if pause > 0 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        let Some(email) = advance(&sandbox, &id, step) else {
            return;
        };
        if reverse {
            told.insert(0, email);
        } else {
            tell(&sandbox, &email).await;
        }
    }
    for email in told {
        tell(&sandbox, &email).await;
    }
}

fn advance(sandbox: &Sandbox, id: &str, step: &str) -> Option<Email> {
    sandbox.with(|data| {
        let email = data.brevo.find_mut(id)?;
        step.clone_into(&mut email.status);
        let email = email.clone();
        data.keep("email", &email);
        Some(email)
    })
}

async fn tell(sandbox: &Sandbox, email: &Email) {
    let (url, token) = sandbox.with(|data| {
        (
            data.settings.brevo_webhook_url.clone(),
            data.settings.brevo_webhook_token.clone(),
        )
    });
    let Some(url) = url else { return };
    let body = event(email);
    let outgoing = Outgoing {
        operation: EVENT,
        url: &url,
        about: &email.status,
        retries: &RETRIES,
    };
    deliver(sandbox, outgoing, |http| {
        http.post(&url).bearer_auth(&token).json(&body)
    })
    .await;
}

/// The payload. `id` is the webhook's, and `date` is in Brevo's zone, as with the real one.
fn event(email: &Email) -> Value {
    let at = now();
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

/// Carries on with the e-mails that a stop left on their way.
pub(crate) fn resume(sandbox: &Sandbox) {
    let waiting: Vec<String> = sandbox.with(|data| {
        let open = |email: &&Email| email.status == "request";
        data.brevo
            .emails
            .iter()
            .filter(open)
            .map(|email| email.message_id.clone())
            .collect()
    });
    for id in waiting {
        crate::task::spawn("e-mail", run(sandbox.clone(), id));
    }
}
