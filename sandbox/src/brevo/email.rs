//! An e-mail as the sandbox stores it, and Brevo's validation of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::attachment::Attachment;
use crate::clock::read_clock;
use crate::provider::Channel;

/// One accepted e-mail.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Email {
    pub(crate) message_id: String,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) subject: String,
    pub(crate) html: String,
    pub(crate) text: Option<String>,
    pub(crate) headers: Value,
    pub(crate) tags: Vec<String>,
    #[serde(default)]
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) idempotency_key: Option<String>,
    /// The header `X-Mailin-custom`.
    pub(crate) reference: Option<String>,
    pub(crate) status: EmailStatus,
    pub(crate) created_at: DateTime<Utc>,
}

/// The states of an e-mail, which are also the names of Brevo's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EmailStatus {
    Request,
    Delivered,
    HardBounce,
    SoftBounce,
    Blocked,
    Spam,
}

impl EmailStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Delivered => "delivered",
            Self::HardBounce => "hard_bounce",
            Self::SoftBounce => "soft_bounce",
            Self::Blocked => "blocked",
            Self::Spam => "spam",
        }
    }
}

/// Brevo's error code and its text.
pub(crate) type Rejection = (&'static str, &'static str);

impl Email {
    /// Validates the request as Brevo does.
    pub(crate) fn from_request(body: &Value) -> Result<Self, Rejection> {
        let from = body["sender"]["email"]
            .as_str()
            .ok_or(("missing_parameter", "sender email is missing"))?;
        if !is_address(from) {
            return Err(("invalid_parameter", "valid sender email address required"));
        }
        let to = parse_recipients(&body["to"])?;
        let text_of = |key: &str| {
            body[key]
                .as_str()
                .filter(|text| !text.is_empty())
                .map(ToOwned::to_owned)
        };
        let subject = text_of("subject").ok_or(("missing_parameter", "subject is missing"))?;
        let (html, text) = (text_of("htmlContent"), text_of("textContent"));
        if html.is_none() && text.is_none() {
            return Err((
                "missing_parameter",
                "either of htmlContent or textContent is missing",
            ));
        }
        let attachments = Attachment::accept_all(&body["attachment"])?;
        let headers = body["headers"].clone();
        Ok(Self {
            message_id: format!("<{}@sandbox>", uuid::Uuid::new_v4().simple()),
            from: from.to_owned(),
            to,
            subject,
            html: html.unwrap_or_default(),
            text,
            tags: serde_json::from_value(body["tags"].clone()).unwrap_or_default(),
            attachments,
            idempotency_key: headers["idempotencyKey"].as_str().map(ToOwned::to_owned),
            reference: headers["X-Mailin-custom"].as_str().map(ToOwned::to_owned),
            headers,
            status: EmailStatus::Request,
            created_at: read_clock(),
        })
    }

    /// Returns the e-mail as `/admin/messages` lists it.
    pub(crate) fn to_admin_view(&self) -> Value {
        json!({
            "channel": Channel::Email,
            "id": self.message_id,
            "to": self.to.first(),
            "recipients": self.to,
            "from": self.from,
            "subject": self.subject,
            "html": self.html,
            "text": self.text,
            "headers": self.headers,
            "tags": self.tags,
            "attachments": self.attachments.iter().map(Attachment::as_seen).collect::<Vec<_>>(),
            "reference": self.reference,
            "idempotency_key": self.idempotency_key,
            "status": self.status,
            "created_at": self.created_at,
        })
    }

    /// Returns the last status. The local part of the address decides: `bounce@`, `soft@`,
    /// `blocked@` and `spam@` fail.
    pub(crate) fn final_status(&self) -> EmailStatus {
        let local_part = self
            .to
            .first()
            .and_then(|to| to.split('@').next())
            .unwrap_or_default();
        match local_part {
            "bounce" => EmailStatus::HardBounce,
            "soft" => EmailStatus::SoftBounce,
            "blocked" => EmailStatus::Blocked,
            "spam" => EmailStatus::Spam,
            _ => EmailStatus::Delivered,
        }
    }
}

fn parse_recipients(to: &Value) -> Result<Vec<String>, Rejection> {
    let list = to
        .as_array()
        .filter(|list| !list.is_empty())
        .ok_or(("missing_parameter", "to is missing"))?;
    let address = |item: &Value| {
        item["email"]
            .as_str()
            .filter(|email| is_address(email))
            .map(ToOwned::to_owned)
    };
    list.iter()
        .map(address)
        .collect::<Option<_>>()
        .ok_or(("invalid_parameter", "email is not valid in to"))
}

fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && host.contains('.')
            && !host.ends_with('.')
            && !text.contains(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Email;

    fn request_with(key: &str, value: Value) -> Value {
        let mut body = json!({
            "sender": {"email": "a@b.sn"},
            "to": [{"email": "c@d.sn"}],
            "subject": "s",
            "htmlContent": "<p>x</p>",
        });
        body[key] = value;
        body
    }

    #[test]
    fn each_invalid_field_is_rejected() {
        assert!(Email::from_request(&request_with("tags", json!(["x"]))).is_ok());
        let cases = [
            ("sender", json!({})),
            ("to", json!([])),
            ("to", json!([{"email": "nobody"}])),
            ("subject", json!("")),
            ("htmlContent", Value::Null),
        ];
        for (key, value) in cases {
            assert!(
                Email::from_request(&request_with(key, value.clone())).is_err(),
                "{key} {value}"
            );
        }
    }
}
