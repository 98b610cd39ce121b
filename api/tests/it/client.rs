//! A client of the API, and its responses.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Request, StatusCode};
use domain::identity::{self, Role};
use platform::db::Scope;
use platform::ids::{CompanyId, UserId};
use serde_json::Value;

use crate::app::{TestApp, insert_user, new_user};

/// Sends requests to `/api/v1` + path, with its token and company if it has them.
#[derive(Clone)]
pub(crate) struct Client<'a> {
    pub(crate) app: &'a TestApp,
    pub(crate) token: Option<String>,
    pub(crate) company: Option<CompanyId>,
    pub(crate) user: UserId,
    pub(crate) email: String,
}

impl<'a> Client<'a> {
    /// Another person of this client's company, signed in.
    pub(crate) async fn with_user(&self, role: Role) -> Client<'a> {
        let company = self.company();
        let email = self.app.new_email();
        let user = new_user(&email, "Modou Fall", None);
        let scope = Scope::member(company, user.id);
        let mut tx = self.app.db.db.begin(scope).await.unwrap();
        let now = insert_user(&mut tx, &user).await;
        identity::members::add_member(&mut tx, company, user.id, role, now)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        self.app.sign_in(&email, Some(company)).await
    }

    pub(crate) fn company(&self) -> CompanyId {
        self.company.expect("this client has a company")
    }

    /// The same person with another token or API key.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same person, with another company in `X-Company-ID`, or none.
    pub(crate) fn in_company(&self, company: Option<CompanyId>) -> Self {
        Self {
            company,
            ..self.clone()
        }
    }

    pub(crate) async fn get(&self, path: &str) -> TestResponse {
        self.send("GET", path, None, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> TestResponse {
        self.send("POST", path, Some(body), &[]).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> TestResponse {
        self.send("PATCH", path, Some(body), &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> TestResponse {
        self.send("DELETE", path, None, &[]).await
    }

    /// Sends any method, with further headers.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> TestResponse {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.app.send_request(request.body(body).unwrap()).await
    }

    /// Sends a body unchanged.
    pub(crate) async fn send_body(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: impl Into<Body>,
    ) -> TestResponse {
        let request = self
            .request(method, path)
            .header(CONTENT_TYPE, content_type);
        self.app
            .send_request(request.body(body.into()).unwrap())
            .await
    }

    /// Begins a request to a path, as this client.
    pub(crate) fn request(&self, method: &str, path: &str) -> Builder {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"));
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(company) = self.company {
            request = request.header("X-Company-ID", company.to_string());
        }
        request
    }

    /// Uploads a file in the form of `POST /imports`.
    pub(crate) async fn upload(
        &self,
        path: &str,
        kind: &str,
        options: &Value,
        file: &[u8],
    ) -> TestResponse {
        let fields = [("kind", kind), ("options", &options.to_string())];
        let body = [&form_head(&fields), file, FORM_TAIL.as_bytes()].concat();
        self.send_body("POST", path, FORM, body).await
    }
}

/// The content type of [`form_head`], file, [`FORM_TAIL`].
pub(crate) const FORM: &str = "multipart/form-data; boundary=a-boundary-of-the-tests";
pub(crate) const FORM_TAIL: &str = "\r\n--a-boundary-of-the-tests--\r\n";

/// A form up to the first byte of its file.
pub(crate) fn form_head(fields: &[(&str, &str)]) -> Vec<u8> {
    let line = "--a-boundary-of-the-tests\r\nContent-Disposition: form-data; name=";
    let fields: String = fields
        .iter()
        .map(|(name, value)| format!("{line}\"{name}\"\r\n\r\n{value}\r\n"))
        .collect();
    let file = "\"file\"; filename=\"file\"\r\nContent-Type: application/octet-stream\r\n\r\n";
    format!("{fields}{line}{file}").into_bytes()
}

/// A response.
#[derive(Debug)]
pub(crate) struct TestResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Null where the body isn't JSON.
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl TestResponse {
    /// Asserts the status and returns the body.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.body
    }

    /// Asserts a problem's status, code and shape, and returns its body.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.body["code"], code, "{}", self.text);
        self.into_problem()
    }

    /// Asserts a problem with a 4xx status, and returns its body.
    #[track_caller]
    pub(crate) fn expect_client_error(self) -> Value {
        assert!(
            self.status.is_client_error(),
            "{} {}",
            self.status,
            self.text
        );
        assert!(self.body["code"].is_string(), "{}", self.text);
        self.into_problem()
    }

    #[track_caller]
    fn into_problem(self) -> Value {
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(
            self.body["request_id"].as_str(),
            self.header("x-request-id"),
            "{}",
            self.text
        );
        self.body
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Percent-encodes a query or form value.
pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
