//! Uploads of unknown length, interrupted uploads, and forms of another shape.

use std::io;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::iter;
use serde_json::json;

use crate::app::{Client, TestApp, TestResponse, no_redis};
use crate::client::{FORM, FORM_TAIL, form_head};

/// A form of unknown length whose file repeats `bytes`.
async fn stream(client: &Client<'_>, path: &str, bytes: Bytes, times: usize) -> TestResponse {
    let file = std::iter::repeat_n(bytes, times);
    let body = [Bytes::from(form_head(&[("kind", "sales")]))]
        .into_iter()
        .chain(file)
        .chain([Bytes::from(FORM_TAIL)]);
    // As from a network: the next bytes aren't there yet.
    let body = iter(body).then(async |bytes| {
        tokio::task::yield_now().await;
        Ok::<_, io::Error>(bytes)
    });
    client
        .send_body("POST", path, FORM, Body::from_stream(body))
        .await
}

async fn expect_nothing(client: &Client<'_>) {
    assert_eq!(client.get("/imports").await.expect(200)["items"], json!([]));
    assert_eq!(client.app.list_files().await, Vec::<String>::new());
    assert_eq!(client.app.run_jobs().await, []);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_accepted() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let file = Bytes::from_static(b"invoice,sku,quantity,price,date\n1,A,3,500,2026-01-05\n");
    stream(&owner, "/imports", file, 1).await.expect(202);
    app.run_jobs().await;
    assert_eq!(
        owner.get("/imports").await.expect(200)["items"][0]["rows_imported"],
        1
    );
    assert_eq!(app.list_files().await.len(), 1);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_cut_at_the_limit_and_stores_nothing() {
    let app = TestApp::start_with(no_redis(), |config| config.upload_limit = 4 << 20).await;
    let owner = app.with_company().await;
    let header = b"invoice,sku,quantity,price,date\n";
    let rows = Bytes::from([&header[..], &b"1,A,3,500,2026-01-05\n".repeat(50_000)].concat());
    for path in ["/imports", "/imports/preview"] {
        stream(&owner, path, rows.clone(), 5)
            .await
            .expect_problem(413, "body_too_large");
    }
    expect_nothing(&owner).await;
}

#[tokio::test]
async fn an_interrupted_upload_stores_nothing() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let head = Bytes::from(form_head(&[("kind", "sales")]));
    let rows = Bytes::from(b"1,A,3,500,2026-01-05\n".repeat(100_000));
    let broken = || Err(io::Error::from(io::ErrorKind::ConnectionReset));
    for parts in [
        vec![Ok(head.clone()), broken()],
        vec![
            Ok(head.clone()),
            Ok(rows.clone()),
            Ok(rows.clone()),
            broken(),
        ],
        vec![Ok(head.slice(..20)), broken()],
        // Whole to the transport, and without the form's end.
        vec![Ok(head.clone()), Ok(rows.clone())],
        vec![],
    ] {
        let answer = owner
            .send_body("POST", "/imports", FORM, Body::from_stream(iter(parts)))
            .await;
        answer.expect_problem(400, "bad_request");
    }
    expect_nothing(&owner).await;
}

#[tokio::test]
async fn a_stalled_upload_stores_nothing() {
    let app = TestApp::start_with(no_redis(), |config| {
        config.upload_idle_timeout = Duration::from_millis(50)
    })
    .await;
    let owner = app.with_company().await;
    let head = Bytes::from(form_head(&[("kind", "sales")]));
    let rows = Bytes::from(b"1,A,3,500,2026-01-05\n".repeat(1_000));
    for path in ["/imports", "/imports/preview"] {
        for parts in [
            vec![],
            vec![head.slice(..20)],
            vec![head.clone(), rows.clone()],
        ] {
            let silent =
                iter(parts.into_iter().map(Ok::<_, io::Error>)).chain(futures::stream::pending());
            let answer = owner
                .send_body("POST", path, FORM, Body::from_stream(silent))
                .await;
            answer.expect_problem(400, "bad_request");
        }
    }
    expect_nothing(&owner).await;
}

#[tokio::test]
async fn a_form_of_another_shape_is_rejected() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let file = b"invoice,sku,quantity,price,date\n1,A,3,500,2026-01-05\n";
    let send = async |fields: &[(&str, &str)], tail: &str| {
        let body = [&form_head(fields), &file[..], tail.as_bytes()].concat();
        owner.send_body("POST", "/imports", FORM, body).await
    };
    let long = "x".repeat(300 * 1024);
    send(&[("kind", "sales"), ("options", &long)], FORM_TAIL)
        .await
        .expect_problem(413, "body_too_large");
    send(&[("kind", &long)], FORM_TAIL)
        .await
        .expect_problem(413, "body_too_large");
    for fields in [
        &[][..],
        &[("kind", "")],
        &[("kind", "sales"), ("kind", "sales")],
        &[("kind", "sales"), ("file", "x")],
        &[("kind", "sales"), ("no_such_field", "x")],
        &[("kind", "sales"), ("options", "[]")],
        &[("kind", "sales"), ("options", "[{}]")],
        &[("kind", "sales"), ("options", "null")],
    ] {
        send(fields, FORM_TAIL)
            .await
            .expect_problem(422, "invalid_input");
    }
    send(&[("kind", "sales"), ("options", "")], FORM_TAIL)
        .await
        .expect_problem(400, "invalid_json");
    owner
        .send_body("POST", "/imports", FORM, "no form")
        .await
        .expect_problem(400, "bad_request");
    owner
        .send_body("POST", "/imports", "multipart/form-data", "x")
        .await
        .expect_problem(415, "unsupported_media_type");
    let fileless = format!(
        "--a-boundary-of-the-tests\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\nsales{FORM_TAIL}"
    );
    let problem = owner
        .send_body("POST", "/imports", FORM, fileless)
        .await
        .expect_problem(422, "invalid_input");
    assert_eq!(
        (
            &problem["errors"][0]["field"],
            &problem["errors"][0]["code"]
        ),
        (&json!("file"), &json!("required"))
    );
    expect_nothing(&owner).await;
}

#[tokio::test]
async fn a_preview_reads_a_spreadsheet_of_unknown_length_up_to_its_limit() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let mut chunk = vec![0; 1 << 20];
    chunk[..4].copy_from_slice(b"PK\x03\x04");
    let answer = stream(&owner, "/imports/preview", chunk.into(), 60).await;
    answer.expect_problem(413, "body_too_large");
    expect_nothing(&owner).await;
}
