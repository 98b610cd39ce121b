//! An attachment as the sandbox keeps it, validated as Brevo does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::email::Rejection;

/// The extensions of the contract.
const EXTENSIONS: &str = "xlsx xls ods docx docm doc csv pdf txt gif jpg jpeg png tif tiff rtf bmp \
    cgm css shtml html htm zip xml ppt pptx tar ez ics mobi msg pub eps odt mp3 m4a m4v wma ogg \
    flac wav aif aifc aiff mp4 mov avi mkv mpeg mpg wmv pkpass xlsm";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attachment {
    name: String,
    /// Base64.
    content: String,
    bytes: usize,
}

impl Attachment {
    /// Returns the attachments of a request.
    pub(super) fn accept_all(attachments: &Value) -> Result<Vec<Self>, Rejection> {
        match attachments {
            Value::Null => Ok(Vec::new()),
            Value::Array(items) if !items.is_empty() => items.iter().map(Self::accept).collect(),
            _ => Err(("invalid_parameter", "attachment is not valid")),
        }
    }

    fn accept(item: &Value) -> Result<Self, Rejection> {
        let name = item["name"].as_str().filter(|name| !name.is_empty());
        let name = name.ok_or(("missing_parameter", "attachment name is missing"))?;
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let is_allowed = EXTENSIONS
            .split_whitespace()
            .any(|allowed| allowed.eq_ignore_ascii_case(extension));
        if !is_allowed {
            return Err((
                "invalid_parameter",
                "unsupported file format for attachment",
            ));
        }
        let content = item["content"].as_str().unwrap_or_default();
        match STANDARD.decode(content) {
            Ok(bytes) if !bytes.is_empty() => Ok(Self {
                name: name.to_owned(),
                content: content.to_owned(),
                bytes: bytes.len(),
            }),
            _ => Err((
                "invalid_parameter",
                "attachment content is not valid base64",
            )),
        }
    }

    pub(super) fn as_seen(&self) -> Value {
        json!({ "name": self.name, "content": self.content, "bytes": self.bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachments_need_a_name_an_allowed_extension_and_base64() {
        let accept = |item: Value| Attachment::accept_all(&json!([item]));
        let accepted = accept(json!({"name": "stock.CSV", "content": "YTtiCg=="})).unwrap();
        assert_eq!(accepted[0].bytes, 4);
        for wrong in [
            json!({"content": "YTtiCg=="}),
            json!({"name": "stock", "content": "YTtiCg=="}),
            json!({"name": "stock.exe", "content": "YTtiCg=="}),
            json!({"name": "stock.csv", "content": "a;b"}),
            json!({"name": "stock.csv"}),
        ] {
            assert!(accept(wrong.clone()).is_err(), "{wrong}");
        }
        assert_eq!(Attachment::accept_all(&Value::Null), Ok(Vec::new()));
        assert!(Attachment::accept_all(&json!([])).is_err());
    }
}
