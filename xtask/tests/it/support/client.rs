//! Somebody who sends requests, in plain HTTP/1.0: one connection each, no chunks.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use super::HUNG_AFTER;

/// Sends to an address, with a token once it has one.
pub(crate) struct Client {
    address: String,
    token: Option<String>,
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            token: None,
        }
    }

    /// Somebody who has signed in at the API there.
    pub(crate) fn signed_in(address: &str, email: &str, password: &str) -> Self {
        let form = format!("username={email}&password={password}");
        let anonymous = Self::new(address);
        let answer = anonymous
            .send("POST", "/api/v1/auth/token", &form)
            .expect("the API answers");
        let session = json(&answer);
        Self {
            token: Some(session["access_token"].as_str().expect(&answer).to_owned()),
            ..anonymous
        }
    }

    /// The JSON of a path of the API.
    pub(crate) fn get(&self, path: &str) -> Value {
        json(&self.text(&format!("/api/v1{path}")))
    }

    /// The body of a path that is there.
    pub(crate) fn text(&self, path: &str) -> String {
        self.send("GET", path, "")
            .unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    fn send(&self, method: &str, path: &str, form: &str) -> Result<String, String> {
        let mut request = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\n", self.address);
        if let Some(token) = &self.token {
            request += &format!("Authorization: Bearer {token}\r\n");
        }
        if method == "POST" {
            let length = form.len();
            request += &format!(
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n"
            );
        }
        let answer = self
            .exchange(&format!("{request}\r\n{form}"))
            .map_err(|error| error.to_string())?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        if head.split_whitespace().nth(1) == Some("200") {
            Ok(body.to_owned())
        } else {
            Err(answer)
        }
    }

    fn exchange(&self, request: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(HUNG_AFTER))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}
