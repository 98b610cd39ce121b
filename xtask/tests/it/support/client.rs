//! A client in plain HTTP/1.0: one connection for each request, no chunks.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use super::WAIT_LIMIT;

/// Sends requests to an address, with a token after signing in.
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

    /// Signs in at the API of the address.
    pub(crate) fn sign_in(address: &str, email: &str, password: &str) -> Self {
        let form = format!("username={email}&password={password}");
        let anonymous = Self::new(address);
        let response = anonymous
            .send("POST", "/api/v1/auth/token", &form)
            .expect("the API responds");
        let session = parse_json(&response);
        Self {
            token: Some(
                session["access_token"]
                    .as_str()
                    .expect(&response)
                    .to_owned(),
            ),
            ..anonymous
        }
    }

    /// Returns the JSON at a path of the API.
    pub(crate) fn get_json(&self, path: &str) -> Value {
        parse_json(&self.get_text(&format!("/api/v1{path}")))
    }

    /// Returns the body of a successful response.
    pub(crate) fn get_text(&self, path: &str) -> String {
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
        let response = self
            .exchange(&format!("{request}\r\n{form}"))
            .map_err(|error| error.to_string())?;
        let (head, body) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
        if head.split_whitespace().nth(1) == Some("200") {
            Ok(body.to_owned())
        } else {
            Err(response)
        }
    }

    fn exchange(&self, request: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(WAIT_LIMIT))?;
        stream.write_all(request.as_bytes())?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        Ok(response)
    }
}

fn parse_json(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}
