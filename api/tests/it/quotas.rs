//! Quotas of a company's files: imports under way, files and bytes that are kept, and the
//! reserve of the disk.

use std::time::Duration;

use axum::body::Body;
use domain::catalog::import::FileQuota;
use futures::future::join_all;
use futures::stream::iter;
use platform::ids::Uuid;
use serde_json::{Value, json};

use crate::app::{Client, TestApp, TestResponse, no_redis};
use crate::client::{FORM, FORM_TAIL, form_head};

pub(crate) const SALES: &[u8] = b"invoice,sku,quantity,price,date\n1,A,3,500,2026-01-05\n";
/// The order of day and month is a question.
const AMBIGUOUS: &[u8] = b"sku,quantity,price,date\nA,1,5,01/02/2026\n";

pub(crate) async fn start_with_quota(quota: FileQuota) -> TestApp {
    TestApp::start_with(no_redis(), |config| config.file_quota = quota).await
}

pub(crate) async fn send(client: &Client<'_>, path: &str, file: &[u8]) -> TestResponse {
    client
        .upload(path, "sales", &json!({"currency": "EUR"}), file)
        .await
}

fn form_parts(file: &[u8]) -> [Vec<u8>; 3] {
    [
        form_head(&[("kind", "sales")]),
        file.to_vec(),
        FORM_TAIL.as_bytes().to_vec(),
    ]
}

/// Sends the file in a body of unknown length.
async fn stream(client: &Client<'_>, path: &str, file: &[u8]) -> TestResponse {
    let parts = form_parts(file);
    let body = Body::from_stream(iter(parts.map(Ok::<_, std::io::Error>)));
    client.send_body("POST", path, FORM, body).await
}

/// The bytes of places, those that are reserved last.
pub(crate) async fn list_places(app: &TestApp) -> Vec<(i64, bool)> {
    sqlx::query!(
        r#"select bytes, reserved_until is not null as "is_reserved!" from import_files
           order by 2, 1"#
    )
    .fetch_all(&mut app.owner().await)
    .await
    .unwrap()
    .into_iter()
    .map(|place| (place.bytes, place.is_reserved))
    .collect()
}

/// Sends the file under an idempotency key.
async fn send_keyed(client: &Client<'_>, key: &str, file: &[u8]) -> TestResponse {
    let request = client
        .request("POST", "/imports")
        .header("content-type", FORM)
        .header("idempotency-key", key)
        .body(Body::from(form_parts(file).concat()))
        .unwrap();
    client.app.send_request(request).await
}

pub(crate) fn sales(rows: usize) -> Vec<u8> {
    let rows = b"1,A,3,500,2026-01-05\n".repeat(rows);
    [&b"invoice,sku,quantity,price,date\n"[..], &rows].concat()
}

pub(crate) fn describes(problem: &Value, text: &str) -> bool {
    problem["detail"].as_str().unwrap().contains(text)
}

/// Inserts the place of an upload that is under way.
pub(crate) async fn reserve_place(client: &Client<'_>, bytes: i64) {
    sqlx::query!(
        "insert into import_files (company_id, id, bytes, reserved_until)
         values ($1, gen_random_uuid(), $2, engine_now() + interval '1 hour')",
        client.company().0,
        bytes,
    )
    .execute(&mut client.app.owner().await)
    .await
    .unwrap();
}

/// Inserts the place of a file whose import ended so many days ago.
pub(crate) async fn keep_ended_file(client: &Client<'_>, bytes: i64, days: i32) {
    let id = Uuid::now_v7();
    let mut owner = client.app.owner().await;
    sqlx::query!(
        "insert into imports (company_id, id, kind, state, file_name, blob_key, file_bytes,
           file_sha256, finished_at)
         values ($1, $2, 'sales', 'succeeded', 'old.csv', 'old', $3, sha256(''),
           engine_now() - make_interval(days => $4))",
        client.company().0,
        id,
        bytes,
        days,
    )
    .execute(&mut owner)
    .await
    .unwrap();
    sqlx::query!(
        "insert into import_files (company_id, id, bytes) values ($1, $2, $3)",
        client.company().0,
        id,
        bytes,
    )
    .execute(&mut owner)
    .await
    .unwrap();
}

#[tokio::test]
async fn fifty_uploads_at_once_open_as_many_imports_as_the_quota_has_and_store_no_other_file() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let answers = join_all((0..50).map(|_| send(&owner, "/imports", SALES))).await;
    let accepted = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(accepted, 20);
    for answer in answers.into_iter().filter(|answer| answer.status != 202) {
        let problem = answer.expect_problem(409, "too_many_imports");
        let is_said = |text| describes(&problem, text);
        assert!(is_said("20 imports") || is_said("20 fichiers"), "{problem}");
    }
    assert_eq!(app.list_files().await.len(), accepted);
    let length = i64::try_from(SALES.len()).unwrap();
    assert_eq!(list_places(&app).await, vec![(length, false); accepted]);
    let problem = send(&owner, "/imports/preview", SALES)
        .await
        .expect_problem(409, "too_many_imports");
    assert!(
        describes(&problem, "20 imports en cours") && describes(&problem, "annulez-en un"),
        "{problem}"
    );
    // Another company has its own.
    let other = app.with_company().await;
    send(&other, "/imports", SALES).await.expect(202);
    app.run_jobs().await;
    send(&owner, "/imports", SALES).await.expect(202);
    app.run_jobs().await;
}

#[tokio::test]
async fn an_import_that_waits_for_a_reply_is_open_until_it_is_cancelled() {
    let quota = FileQuota {
        open_imports: 1,
        ..FileQuota::default()
    };
    let app = start_with_quota(quota).await;
    let owner = app.with_company().await;
    let waiting = send(&owner, "/imports", AMBIGUOUS).await.expect(202);
    app.run_jobs().await;
    let problem = send(&owner, "/imports", SALES)
        .await
        .expect_problem(409, "too_many_imports");
    assert!(
        describes(&problem, "1 import en cours") && describes(&problem, "annulez-en un"),
        "{problem}"
    );
    cancel(&owner, &waiting).await;
    send(&owner, "/imports", SALES).await.expect(202);
    app.run_jobs().await;
}

async fn cancel(client: &Client<'_>, accepted: &Value) {
    let id = accepted["import"]["id"].as_str().unwrap();
    let path = format!("/imports/{id}/cancel");
    client.post(&path, json!({})).await.expect(200);
}

#[tokio::test]
async fn a_cancelled_import_that_no_job_reads_frees_its_file_at_once() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let waiting = send(&owner, "/imports", AMBIGUOUS).await.expect(202);
    app.run_jobs().await;
    let queued = send(&owner, "/imports", SALES).await.expect(202);
    assert_eq!(app.list_files().await.len(), 2);
    for accepted in [waiting, queued] {
        cancel(&owner, &accepted).await;
    }
    assert_eq!(list_places(&app).await, []);
    assert_eq!(app.list_files().await, Vec::<String>::new());
    app.run_jobs().await;
}

#[tokio::test]
async fn a_failed_import_that_wrote_nothing_frees_its_file_after_a_day() {
    let quota = FileQuota {
        files: 1,
        ..FileQuota::default()
    };
    let app = start_with_quota(quota).await;
    let owner = app.with_company().await;
    let options = json!({"currency": "EUR", "mode": "all_or_nothing"});
    let wrong = b"invoice,sku,quantity,price,date\n1,A,many,500,2026-01-05\n";
    let failed = owner.upload("/imports", "sales", &options, wrong).await;
    let id = failed.expect(202)["import"]["id"].clone();
    app.run_jobs().await;
    let path = format!("/imports/{}", id.as_str().unwrap());
    assert_eq!(owner.get(&path).await.expect(200)["state"], "failed");
    let problem = send(&owner, "/imports", SALES)
        .await
        .expect_problem(409, "file_quota_reached");
    let room = crate::shop::read_clock(&app).await + chrono::Days::new(2);
    assert!(
        describes(&problem, &room.date_naive().to_string()),
        "{problem}"
    );
    app.advance(Duration::from_secs(86_401)).await;
    let sweep = jobs::platform_job(&jobs::catalog::SweepFiles {});
    let mut tx = app.db.db.begin_engine().await.unwrap();
    tx.enqueue(sweep).await.unwrap();
    tx.commit().await.unwrap();
    app.run_jobs().await;
    assert_eq!(list_places(&app).await, []);
    assert_eq!(app.list_files().await, Vec::<String>::new());
}

#[tokio::test]
async fn bytes_are_counted_before_the_body_is_read_and_of_an_unknown_length_as_they_come() {
    let quota = FileQuota {
        bytes: 4_000,
        ..FileQuota::default()
    };
    let app = start_with_quota(quota).await;
    let owner = app.with_company().await;
    for path in ["/imports", "/imports/preview"] {
        send(&owner, path, &sales(200))
            .await
            .expect_problem(409, "file_quota_reached");
        stream(&owner, path, &sales(200))
            .await
            .expect_problem(409, "file_quota_reached");
    }
    assert_eq!(list_places(&app).await, []);
    stream(&owner, "/imports/preview", &sales(100))
        .await
        .expect(200);
    stream(&owner, "/imports", &sales(100)).await.expect(202);
    app.run_jobs().await;
    keep_ended_file(&owner, 1_000, 0).await;
    for path in ["/imports", "/imports/preview"] {
        stream(&owner, path, &sales(60))
            .await
            .expect_problem(409, "file_quota_reached");
    }
    stream(&owner, "/imports", &sales(20)).await.expect(202);
    assert_eq!(app.list_files().await.len(), 2);
    app.run_jobs().await;
}

#[tokio::test]
async fn an_upload_that_fails_frees_its_place_and_a_lost_one_within_an_hour() {
    let quota = FileQuota {
        files: 1,
        ..FileQuota::default()
    };
    let app = start_with_quota(quota).await;
    let owner = app.with_company().await;
    for file in [&b"not a table"[..], b"", b"\0\0\0"] {
        send(&owner, "/imports", file)
            .await
            .expect_problem(422, "invalid_input");
        send(&owner, "/imports/preview", file)
            .await
            .expect_problem(422, "invalid_input");
    }
    assert_eq!(list_places(&app).await, []);
    // As its process left it.
    reserve_place(&owner, 10).await;
    let problem = send(&owner, "/imports", SALES)
        .await
        .expect_problem(409, "file_quota_reached");
    assert!(
        describes(&problem, "conserve 1 fichier,")
            && describes(&problem, "renvoyez ce fichier quand ils seront terminés"),
        "{problem}"
    );
    app.advance(Duration::from_secs(3_601)).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    send(&owner, "/imports", SALES).await.expect(202);
    app.run_jobs().await;
}

#[tokio::test]
async fn a_repeated_request_takes_one_place_and_needs_none() {
    let quota = FileQuota {
        open_imports: 1,
        ..FileQuota::default()
    };
    let app = start_with_quota(quota).await;
    let owner = app.with_company().await;
    let first = send_keyed(&owner, "one", SALES).await;
    assert_eq!(first.headers.get("idempotent-replayed"), None);
    let again = send_keyed(&owner, "one", SALES).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let location = first.headers["location"].clone();
    assert_eq!(again.headers["location"], location);
    assert_eq!(first.expect(202), again.expect(202));
    send_keyed(&owner, "one", &sales(2))
        .await
        .expect_problem(422, "idempotency_key_reused");
    send_keyed(&owner, "two", SALES)
        .await
        .expect_problem(409, "too_many_imports");
    let other = owner.with_user(domain::identity::Role::Owner).await;
    send_keyed(&other, "one", SALES)
        .await
        .expect_problem(409, "too_many_imports");
    assert_eq!(list_places(&app).await.len(), 1);
    assert_eq!(app.list_files().await.len(), 1);
    app.run_jobs().await;
}

#[tokio::test]
async fn a_disk_without_its_reserve_takes_no_upload_and_the_api_stays_ready() {
    let app = TestApp::start_on_disk(u64::MAX).await;
    let owner = app.with_company().await;
    for path in ["/imports", "/imports/preview"] {
        let problem = send(&owner, path, SALES)
            .await
            .expect_problem(507, "insufficient_storage");
        assert!(
            describes(&problem, "renvoyez-le dans une heure"),
            "{problem}"
        );
    }
    assert_eq!(app.list_files().await, Vec::<String>::new());
    assert_eq!(list_places(&app).await, []);
    owner.get("/products").await.expect(200);
}
