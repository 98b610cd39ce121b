//! Uploads while their body comes: what they reserve of the quota and hold of the disk, and what an
//! upload leaves that ends in the middle.

use std::cell::Cell;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use domain::catalog::import::FileQuota;
use futures::SinkExt as _;
use futures::channel::mpsc;
use futures::future::join_all;

use crate::app::{Client, TestApp, TestResponse};
use crate::client::{FORM, form_head};
use crate::quotas::{SALES, describes, list_places, send, start_with_quota};

const MIB: usize = 1 << 20;
/// Parts of 1 MiB after which an upload has certainly renewed its place.
const STEP_PARTS: usize = 20;

/// The body of an upload that the test writes part by part.
struct OpenBody(mpsc::Sender<Result<Bytes, Infallible>>);

impl OpenBody {
    /// Sends 1 MiB of the file. Returns whether somebody has read the parts before.
    async fn send_part(&mut self) -> bool {
        self.0.send(Ok(vec![b'x'; MIB].into())).await.is_ok()
    }

    async fn send_step(&mut self) {
        for _ in 0..STEP_PARTS {
            assert!(self.send_part().await, "rejected");
        }
    }
}

/// Begins an upload, of that length if it announces one. Nothing happens until the response is
/// awaited.
fn begin<'a>(
    client: &'a Client<'_>,
    announced: Option<usize>,
) -> (OpenBody, impl Future<Output = TestResponse> + 'a) {
    let (mut parts, body) = mpsc::channel(1);
    let head = Bytes::from(form_head(&[("kind", "sales")]));
    parts.try_send(Ok(head)).unwrap();
    let mut request = client
        .request("POST", "/imports")
        .header("content-type", FORM);
    if let Some(length) = announced {
        request = request.header("content-length", length);
    }
    let request = request.body(Body::from_stream(body)).unwrap();
    (OpenBody(parts), client.app.send_request(request))
}

/// Polls without a pause until neither a place nor a file is left.
async fn expect_nothing(app: &TestApp) {
    for _ in 0..1_000_000 {
        if list_places(app).await.is_empty() && app.list_files().await.is_empty() {
            return;
        }
    }
    panic!("a place or a file stays");
}

#[tokio::test]
async fn an_upload_renews_its_place_as_it_grows() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    for announced in [None, Some(100 * MIB)] {
        let owner = app.sign_in(&owner.email, owner.company).await;
        let (mut body, response) = begin(&owner, announced);
        let watch = async {
            for steps in 1..=4 {
                body.send_step().await;
                assert_eq!(count_live_places(&app).await, 1, "{steps}");
                let [(bytes, true)] = list_places(&app).await[..] else {
                    panic!("one reserved place");
                };
                let sent = steps * STEP_PARTS * MIB;
                let expected = announced.map_or(sent..sent + 16 * MIB, |all| all..all + 1);
                let bytes = usize::try_from(bytes).unwrap();
                assert!(expected.contains(&bytes), "{bytes} after {sent}");
                app.advance(Duration::from_secs(50 * 60)).await;
            }
            drop(body);
        };
        let (response, ()) = tokio::join!(response, watch);
        response.expect_problem(400, "bad_request");
        expect_nothing(&app).await;
    }
}

async fn count_live_places(app: &TestApp) -> i64 {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from import_files
           where reserved_until > engine_now() + interval '30 minutes'"#
    )
    .fetch_one(&mut app.owner().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn an_upload_whose_place_another_has_taken_is_rejected() {
    let quota = FileQuota {
        files: 1,
        ..FileQuota::default()
    };
    let app = start_with_quota(quota).await;
    let owner = app.with_company().await;
    let (mut body, response) = begin(&owner, Some(100 * MIB));
    let pause = async {
        body.send_step().await;
        app.advance(Duration::from_secs(3_601)).await;
        let again = app.sign_in(&owner.email, owner.company).await;
        send(&again, "/imports", SALES).await.expect(202);
        while body.send_part().await {}
    };
    let (response, ()) = tokio::join!(response, pause);
    response.expect_problem(409, "file_quota_reached");
    assert_eq!(app.list_files().await.len(), 1);
    assert_eq!(list_places(&app).await.len(), 1);
    app.run_jobs().await;
}

#[tokio::test]
async fn uploads_of_unknown_length_together_write_no_more_than_the_quota() {
    let quota = FileQuota {
        bytes: 40 << 20,
        ..FileQuota::default()
    };
    let app = start_with_quota(quota).await;
    let owner = app.with_company().await;
    // The MiB of all uploads that are under way.
    let (stored, most) = (Cell::new(0), Cell::new(0));
    let uploads = (0..4).map(async |_| {
        let (mut body, response) = begin(&owner, None);
        let parts = Cell::new(0);
        let fill = async {
            while body.send_part().await {
                parts.update(|parts| parts + 1);
                stored.update(|stored| stored + 1);
                most.update(|most| most.max(stored.get()));
            }
        };
        let response = async {
            let response = response.await;
            stored.update(|stored| stored - parts.get());
            response
        };
        let (response, ()) = tokio::join!(response, fill);
        response.expect_problem(409, "file_quota_reached");
    });
    join_all(uploads).await;
    // Each has up to four parts on their way.
    assert!(
        (36..=40 + 4 * 4).contains(&most.get()),
        "{} MiB",
        most.get()
    );
    expect_nothing(&app).await;
}

#[tokio::test]
async fn a_disk_that_fills_up_in_the_middle_of_a_body_keeps_nothing_of_it() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let (mut body, response) = begin(&owner, None);
    let fill = async {
        body.send_step().await;
        assert_eq!(app.list_files().await.len(), 1);
        let mut held = Vec::new();
        let sizes = || (20..62).rev().map(|shift| 1_u64 << shift);
        while body.send_part().await {
            for size in sizes() {
                held.extend(app.services.blobs.hold_space(size).await.ok());
            }
        }
    };
    let (response, ()) = tokio::join!(response, fill);
    let problem = response.expect_problem(507, "insufficient_storage");
    assert!(
        describes(&problem, "rien de celui-ci n'a été conservé"),
        "{problem}"
    );
    expect_nothing(&app).await;
}

#[tokio::test]
async fn a_client_that_disconnects_leaves_neither_a_file_nor_a_place() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let (mut body, response) = begin(&owner, None);
    tokio::select! {
        response = response => panic!("{response:?}"),
        () = body.send_step() => {}
    }
    expect_nothing(&app).await;
}
