//! Request ids and traces.

use axum::body::Body;
use axum::http::Request;

use crate::app::TestApp;
use crate::shop::{insert_product, set_level};

#[tokio::test]
async fn a_well_formed_request_id_is_kept_and_another_replaced() {
    let app = TestApp::start().await;
    for (given, taken) in [
        ("order-7_a.b:c", true),
        ("no spaces", false),
        ("", false),
        (&"x".repeat(129), false),
    ] {
        let request = Request::get("/health/live")
            .header("X-Request-ID", given)
            .body(Body::empty())
            .unwrap();
        let answer = app.send_request(request).await;
        let id = answer.header("x-request-id").unwrap();
        assert_eq!(id == given, taken, "{given:?} became {id:?}");
        assert!(!id.is_empty());
    }
}

#[tokio::test]
async fn one_trace_goes_from_the_request_to_the_messages_that_it_caused() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let shelf = insert_product(&owner, "Riz").await;
    set_level(&owner, shelf, 0).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [
        ("X-Request-ID", "r-17"),
        ("traceparent", traceparent.as_str()),
    ];
    owner
        .send("POST", "/alerts/evaluations", None, &headers)
        .await
        .expect(202);
    app.run_jobs().await;
    let found = owner.get("/jobs?q=r-17").await.expect(200);
    let mut kinds: Vec<_> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["kind"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            "alerts.evaluate",
            "notifications.send_message",
            "notifications.send_message"
        ]
    );
    let traces = sqlx::query_scalar!(
        r#"select distinct split_part(traceparent, '-', 2) as "trace!" from job_bodies where request_id = 'r-17'"#
    )
    .fetch_all(&mut app.owner().await)
    .await
    .unwrap();
    assert_eq!(traces, [trace]);
}
