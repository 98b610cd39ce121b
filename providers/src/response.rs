//! What a service returned: its parts, its JSON, and the error that a rejection becomes.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;

use crate::Operation;
use crate::clean::clean_json;
use crate::error::{Class, ProviderError};

/// A complete response, whatever its status.
pub(crate) struct Response {
    pub(crate) operation: Operation,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What a response without success means, as the provider's error table has it.
pub(crate) struct Rejection {
    pub(crate) class: Class,
    pub(crate) code: Option<String>,
    /// The provider's own text; where it is absent, the body stands in the error.
    pub(crate) message: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) trace: Option<String>,
}

/// A part of a response that the client does not understand, with its name or value.
pub(crate) struct Misread(pub(crate) String);

impl Response {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns `Retry-After` or a header like it, in whole seconds.
    pub(crate) fn header_seconds(&self, name: &str) -> Option<Duration> {
        let seconds = self.header(name)?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds))
    }

    /// Parses the body of a rejection; a body in another form, such as a proxy's page, is empty.
    pub(crate) fn rejection_body<T: DeserializeOwned + Default>(&self) -> T {
        serde_json::from_str(&clean_json(&self.body)).unwrap_or_default()
    }

    /// Parses the JSON body and converts it.
    pub(crate) fn read<Body: DeserializeOwned, T>(
        &self,
        convert: impl FnOnce(Body) -> Result<T, Misread>,
    ) -> Result<T, ProviderError> {
        serde_json::from_str(&clean_json(&self.body))
            .map_err(|e| Misread(e.to_string()))
            .and_then(convert)
            .map_err(|Misread(what)| {
                let text = format!("response not understood: {what}");
                let mut error = ProviderError::interrupted(self.operation, &text);
                error.status = Some(self.status);
                error
            })
    }

    pub(crate) fn into_error(self, rejection: Rejection) -> ProviderError {
        let body = String::from_utf8_lossy(&self.body);
        let text = rejection.message.as_deref().unwrap_or(&body);
        ProviderError {
            status: Some(self.status),
            code: rejection.code,
            retry_after: rejection.retry_after,
            trace: rejection.trace,
            ..ProviderError::new(self.operation, rejection.class, text)
        }
    }
}

#[cfg(test)]
impl Response {
    pub(crate) fn for_test(operation: Operation, status: u16, body: &str) -> Self {
        Self {
            operation,
            status,
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers
            .insert(name, reqwest::header::HeaderValue::from_static(value));
        self
    }
}
