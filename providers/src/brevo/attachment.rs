//! A file sent with an e-mail.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A file of an e-mail. Brevo accepts only the extensions of its contract, csv, xlsx and pdf among
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub file_name: String,
    pub content: Vec<u8>,
}

impl Attachment {
    pub(super) fn to_body(&self) -> Value {
        json!({ "name": self.file_name, "content": STANDARD.encode(&self.content) })
    }
}
