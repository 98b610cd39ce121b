//! Uploads of files as forms.

use serde_json::Value;

use super::{Client, eventually};

pub(crate) const FORM: &str = "multipart/form-data; boundary=form";

/// Builds the body of `POST /imports`.
pub(crate) fn form(kind: &str, options: &Value, file: &[u8]) -> Vec<u8> {
    let part = |name: &str, text: &str| {
        format!("--form\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let mut body = part("kind", kind) + &part("options", &options.to_string());
    body +=
        "--form\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file.csv\"\r\n\r\n";
    [body.as_bytes(), file, b"\r\n--form--\r\n"].concat()
}

/// Builds the request `POST /imports` with such a body.
pub(crate) fn upload_request(client: &Client, form: Vec<u8>) -> reqwest::RequestBuilder {
    client
        .request("POST", "/imports")
        .header("Content-Type", FORM)
        .body(form)
}

/// Uploads a file and returns the import's id.
pub(crate) async fn upload(client: &Client, kind: &str, options: &Value, file: &[u8]) -> String {
    let response = client
        .send(upload_request(client, form(kind, options, file)))
        .await
        .unwrap()
        .expect(202);
    response["import"]["id"].as_str().unwrap().to_owned()
}

/// Waits until the import has succeeded and returns it; panics if it ends otherwise.
pub(crate) async fn until_succeeded(client: &Client, id: &str) -> Value {
    eventually("the import is finished", async || {
        let import = client.get(&format!("/imports/{id}")).await.expect(200);
        let state = import["state"].as_str().unwrap();
        assert!(
            !["failed", "cancelled", "needs_input"].contains(&state),
            "{import}"
        );
        (state == "succeeded").then_some(import)
    })
    .await
}
