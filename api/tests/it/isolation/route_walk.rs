//! Every route, called with the ids of another company.

use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp};
use crate::filled_company::{FILLED, digest_rows, fill_company, list_ids};
use crate::routes::{self, Route};

/// Routes that act in no company, each with its reason.
pub(crate) const WITHOUT_COMPANY: &[(&str, &str)] = &[
    ("/auth/", "before a company is chosen"),
    ("/health/", "for orchestrators"),
    ("/queues", "the platform's, by operators' tokens"),
    ("/senders", "the platform's, by operators' tokens"),
    ("/webhooks/", "a provider calls, its signature decides"),
    ("/unsubscribe/", "the token in the link decides"),
    ("/invitations/accept", "the token in the message decides"),
];

/// Valid bodies for routes that would reject an empty one before any look-up.
fn body_of(route: &Route) -> Value {
    match (route.method, route.template.as_str()) {
        ("POST", "/companies/{id}/invitations") => {
            json!({"email": "x@example.sn", "role": "viewer"})
        }
        ("POST", "/alert-recipients/{id}/confirm") => json!({"code": "123456"}),
        ("POST", "/alerts/{id}/snooze") => json!({"until": "2099-01-01T00:00:00Z"}),
        ("POST", "/imports/{id}/resume") => json!({"options": {}}),
        _ => json!({}),
    }
}

pub(crate) fn acts_in_a_company(route: &Route) -> bool {
    let is_exception = WITHOUT_COMPANY
        .iter()
        .any(|(prefix, _)| route.template.starts_with(prefix));
    !is_exception && (route.method, route.template.as_str()) != ("POST", "/companies")
}

#[tokio::test]
async fn every_route_returns_404_for_another_company() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    let intruder = mine.in_company(theirs.company);
    for route in routes::list_routes()
        .iter()
        .filter(|route| acts_in_a_company(route))
    {
        let path = route.path(|_| theirs.company().to_string());
        let answer = intruder
            .send(route.method, &path, Some(body_of(route)), &[])
            .await;
        assert_eq!(
            answer.status, 404,
            "{} {path}: {}",
            route.method, answer.text
        );
    }
}

#[tokio::test]
async fn every_route_returns_404_for_an_id_of_another_company() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill_company(&theirs).await;
    let (ids, before) = (list_ids(&theirs).await, digest_rows(&theirs).await);
    for table in FILLED {
        assert!(
            ids.iter().any(|(filled, _)| filled == table),
            "no row in {table}: {ids:?}"
        );
    }
    for route in routes::list_routes()
        .iter()
        .filter(|route| route.has_parameters() && acts_in_a_company(route))
    {
        for (table, id) in &ids {
            let path =
                route.path(
                    |name| match (name, route.template.starts_with("/companies/{id}/")) {
                        ("id", true) => mine.company().to_string(),
                        _ => id.clone(),
                    },
                );
            if !path.contains(id.as_str()) {
                continue;
            }
            let answer = mine
                .send(route.method, &path, Some(body_of(route)), &[])
                .await;
            assert_eq!(
                answer.status, 404,
                "{} {path}, an id of {table}: {}",
                route.method, answer.text
            );
        }
    }
    assert_eq!(digest_rows(&theirs).await, before);
}

#[tokio::test]
async fn no_list_shows_anything_of_another_company() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill_company(&theirs).await;
    let ids = list_ids(&theirs).await;
    let lists = routes::list_routes();
    for route in lists
        .iter()
        .filter(|r| r.method == "GET" && !r.has_parameters() && acts_in_a_company(r))
    {
        let answer = mine.get(&route.template).await;
        assert!(
            !answer.status.is_server_error(),
            "{}: {}",
            route.template,
            answer.text
        );
        for (table, id) in &ids {
            assert!(
                !answer.text.contains(id.as_str()),
                "{} shows an id of {table}",
                route.template
            );
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_company_shows_nothing_of_it() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill_company(&theirs).await;
    let ids = list_ids(&theirs).await;
    let mut tried = Vec::new();
    for route in routes::list_routes()
        .iter()
        .filter(|r| r.method == "GET" && !r.has_parameters() && acts_in_a_company(r))
    {
        let list = &route.template;
        let first = theirs.get(&format!("{list}?limit=1")).await.body;
        let Some(cursor) = first["next_cursor"].as_str() else {
            continue;
        };
        let answer = mine.get(&format!("{list}?cursor={cursor}")).await;
        for (table, id) in &ids {
            assert!(
                !answer.text.contains(id.as_str()),
                "{list} shows an id of {table}"
            );
        }
        assert_eq!(answer.status, 200, "{list}: {}", answer.text);
        tried.push(list.clone());
    }
    assert!(tried.contains(&"/sales".to_owned()), "{tried:?}");
}

#[tokio::test]
async fn creating_a_company_changes_no_other() {
    let app = TestApp::start().await;
    let theirs = app.with_company().await;
    fill_company(&theirs).await;
    let before = digest_rows(&theirs).await;
    for own in ["companies", "users", "memberships"] {
        assert!(
            before.iter().any(|(table, _)| table == own),
            "{own} isn't looked at"
        );
    }
    let newcomer = app.with_company().await;
    for client in [&newcomer, &theirs] {
        client
            .post("/companies", json!({"name": "Le dépôt"}))
            .await
            .expect(201);
    }
    let again =
        json!({"email": theirs.email, "password": PASSWORD, "full_name": "X", "company_name": "X"});
    app.anonymous()
        .post("/auth/register", again)
        .await
        .expect(202);
    app.run_jobs().await;
    assert_eq!(digest_rows(&theirs).await, before);
}
