//! A minimal HTTP/1.1 client for the demo company: one request per connection to our own API.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A client of the API at an address, for one user and one company once these are known.
pub(crate) struct Api {
    address: String,
    pub(crate) token: Option<String>,
    pub(crate) company: Option<String>,
}

/// A response with its JSON body (`null` where the body isn't JSON).
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Api {
    pub(crate) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            token: None,
            company: None,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Result<Response> {
        self.send_request("GET", path, None, &[])
    }

    pub(crate) fn post_json(&self, path: &str, body: &Value) -> Result<Response> {
        self.send_request(
            "POST",
            path,
            Some("application/json"),
            body.to_string().as_bytes(),
        )
    }

    pub(crate) fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Response> {
        let body: Vec<String> = fields
            .iter()
            .map(|(key, value)| format!("{key}={}", percent_encode(value)))
            .collect();
        self.send_request(
            "POST",
            path,
            Some("application/x-www-form-urlencoded"),
            body.join("&").as_bytes(),
        )
    }

    /// Sends a multipart form of text fields, followed by one CSV file.
    pub(crate) fn post_file(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        name: &str,
        csv: &str,
    ) -> Result<Response> {
        let boundary = "xtask-e3c1f0a47b25";
        let mut body = String::new();
        for (key, value) in fields {
            body += &format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{key}\"\r\n\r\n{value}\r\n"
            );
        }
        body += &format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: text/csv\r\n\r\n{csv}\r\n--{boundary}--\r\n"
        );
        self.send_request(
            "POST",
            path,
            Some(&format!("multipart/form-data; boundary={boundary}")),
            body.as_bytes(),
        )
    }

    fn send_request(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Response> {
        let request = || format!("{method} {path}");
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.address
        );
        if let Some(content_type) = content_type {
            head += &format!(
                "Content-Type: {content_type}\r\nContent-Length: {}\r\n",
                body.len()
            );
        }
        if let Some(token) = &self.token {
            head += &format!("Authorization: Bearer {token}\r\n");
        }
        if let Some(company) = &self.company {
            head += &format!("X-Company-ID: {company}\r\n");
        }
        head += "\r\n";
        let mut stream = TcpStream::connect(&self.address).with_context(request)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(head.as_bytes()).with_context(request)?;
        stream.write_all(body).with_context(request)?;
        let mut response = Vec::new();
        stream.read_to_end(&mut response).with_context(request)?;
        parse_response(&response).with_context(request)
    }
}

impl Response {
    /// Returns the body of a 2xx response. The error of any other contains the body.
    pub(crate) fn expect_success(self, what: &str) -> Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("{what}: the API responded {}: {}", self.status, self.body);
        }
        Ok(self.body)
    }
}

fn parse_response(response: &[u8]) -> Result<Response> {
    let end = response
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .context("not an HTTP response")?;
    let head = String::from_utf8_lossy(&response[..end]).to_ascii_lowercase();
    let status = head
        .split_whitespace()
        .nth(1)
        .and_then(|code| code.parse().ok())
        .context("no HTTP status")?;
    let raw = &response[end + 4..];
    let body = if head.contains("transfer-encoding: chunked") {
        decode_chunks(raw)?
    } else {
        raw.to_vec()
    };
    Ok(Response {
        status,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    })
}

fn decode_chunks(mut raw: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = raw
            .windows(2)
            .position(|window| window == b"\r\n")
            .context("a truncated chunk")?;
        let size = String::from_utf8_lossy(&raw[..line]);
        let size = usize::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16)?;
        if size == 0 {
            return Ok(body);
        }
        body.extend(
            raw.get(line + 2..line + 2 + size)
                .context("a truncated chunk")?,
        );
        raw = raw.get(line + 4 + size..).context("a truncated chunk")?;
    }
}

fn percent_encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_and_a_plain_response_have_the_same_body() {
        let plain =
            parse_response(b"HTTP/1.1 201 Created\r\nContent-Length: 7\r\n\r\n{\"a\":1}").unwrap();
        let chunked = parse_response(
            b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n\
              3\r\n{\"a\r\n4;x=y\r\n\":1}\r\n0\r\n\r\n",
        )
        .unwrap();
        assert_eq!(
            (plain.status, &plain.body),
            (201, &serde_json::json!({"a": 1}))
        );
        assert_eq!(chunked.body, plain.body);
    }

    #[test]
    fn a_truncated_response_is_an_error() {
        assert!(parse_response(b"HTTP/1.1 200 OK\r\n").is_err());
        assert!(
            parse_response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc")
                .is_err()
        );
    }

    #[test]
    fn form_values_are_encoded() {
        assert_eq!(percent_encode("a b&é@x"), "a%20b%26%C3%A9%40x");
    }
}
