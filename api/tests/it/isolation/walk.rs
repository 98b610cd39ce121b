//! Somebody of one company tries every route with everything of another's.

use providers::sandbox::META_ACCESS_TOKEN;
use serde_json::{Value, json};

use super::routes::{self, Route};
use crate::app::{Client, TestApp};

/// Routes that act in no company, each with its reason.
const WITHOUT_COMPANY: &[(&str, &str)] = &[
    ("/auth/", "before a company is chosen"),
    ("/health/", "for orchestrators"),
    ("/queues", "the platform's, by operators' tokens"),
    ("/webhooks/", "a provider calls, its signature decides"),
    ("/unsubscribe/", "the token in the link decides"),
    ("/invitations/accept", "the token in the message decides"),
];

/// Bodies that are right, where the empty one would be refused before anything is looked up.
fn body_of(route: &Route) -> Value {
    match (route.method, route.template.as_str()) {
        ("POST", "/companies/{id}/members") => json!({"email": "x@example.sn", "full_name": "X", "role": "viewer"}),
        ("POST", "/companies/{id}/invitations") => json!({"email": "x@example.sn", "role": "viewer"}),
        ("POST", "/alerts/{id}/snooze") => json!({"until": "2099-01-01T00:00:00Z"}),
        ("POST", "/imports/{id}/resume") => json!({"options": {}}),
        _ => json!({}),
    }
}

fn acts_in_a_company(route: &Route) -> bool {
    let is_exception = WITHOUT_COMPANY.iter().any(|(prefix, _)| route.template.starts_with(prefix));
    !is_exception && (route.method, route.template.as_str()) != ("POST", "/companies")
}

/// Gives a company something of everything that the interface can make.
async fn fill(owner: &Client<'_>) {
    let made = async |path: &str, body: Value| owner.post(path, body).await.expect(201);
    made("/api-keys", json!({"name": "Caisse", "role": "viewer"})).await;
    let invitations = format!("/companies/{}/invitations", owner.company());
    made(&invitations, json!({"email": "fatou@example.sn", "role": "viewer"})).await;

    let category = made("/categories", json!({"name": "Riz"})).await;
    let supplier = made("/suppliers", json!({"name": "Grossiste"})).await;
    let site = made("/sites", json!({"name": "Dépôt"})).await;
    let rice = json!({"sku": "RIZ", "name": "Riz", "category_id": category["id"], "supplier_id": supplier["id"]});
    made("/products", rice).await;
    let count = json!({"sku": "RIZ", "kind": "count", "quantity": 0, "site_id": site["id"]});
    made("/stock-movements", count).await;
    made("/sales", json!({"sku": "RIZ", "quantity": 2, "unit_price": "500"})).await;
    let file = b"invoice;sku;quantity;price;date\n1;RIZ;3;500;2026-01-05\n1;RIZ;x;500;2026-01-05\n";
    owner.upload("/imports", "sales", &json!({}), file).await.expect(202);
    made("/suppressions", json!({"channel": "email", "recipient": "stop@example.sn"})).await;
    made("/ads/connections", json!({"access_token": META_ACCESS_TOKEN})).await;
    owner.post("/billing/checkout-sessions", json!({"plan": "pro"})).await.expect(201);
    owner.post("/predictions/runs", json!({})).await.expect(202);
    owner.post("/alerts/evaluations", json!({})).await.expect(202);
    owner.app.run_jobs().await;
}

/// What [`fill`] must have left a row in; a table that nobody fills is a table that nobody tries.
const FILLED: &[&str] = &[
    "ad_accounts",
    "ad_connections",
    "alert_rules",
    "alerts",
    "api_keys",
    "audit_log",
    "categories",
    "imports",
    "invitations",
    "jobs_finished",
    "messages",
    "prediction_runs",
    "products",
    "sales",
    "sites",
    "stock_movements",
    "suppliers",
    "suppressions",
];

/// One id of each table that the company has rows in, and those of its people.
async fn ids_of(owner: &Client<'_>) -> Vec<(String, String)> {
    let rows = sqlx::query!(
        r#"select c.relname::text as "table!",
                  substring(query_to_xml(format('select id from %I where company_id = %L order by id limit 1',
                                                c.relname, $1::text), true, false, '')::text
                            from '<id>([^<]+)</id>') as id
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where n.nspname = 'public' and c.relkind = 'r'
             and 2 = (select count(*) from pg_attribute a where a.attrelid = c.oid and not a.attisdropped
                      and (a.attname, a.atttypid) in (('id', 'uuid'::regtype), ('company_id', 'uuid'::regtype)))"#,
        owner.company().to_string(),
    )
    .fetch_all(&mut owner.app.owner().await)
    .await
    .unwrap();
    let mut ids: Vec<_> = rows.into_iter().filter_map(|row| row.id.map(|id| (row.table, id))).collect();
    ids.push(("users".to_owned(), owner.user.to_string()));
    ids.push(("companies".to_owned(), owner.company().to_string()));
    ids
}

/// A digest of all rows of the company, by table.
async fn digest_of(owner: &Client<'_>) -> Vec<(String, String)> {
    sqlx::query!(
        r#"select c.relname::text as "table!",
                  md5(query_to_xml(format('select t::text as row from %I t where company_id = %L order by 1',
                                          c.relname, $1::text), true, false, '')::text) as "digest!"
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
           join pg_attribute a on a.attrelid = c.oid and a.attname = 'company_id' and not a.attisdropped
           where n.nspname = 'public' and c.relkind = 'r' order by 1"#,
        owner.company().to_string(),
    )
    .fetch_all(&mut owner.app.owner().await)
    .await
    .unwrap()
    .into_iter()
    .map(|row| (row.table, row.digest))
    .collect()
}

#[tokio::test]
async fn naming_another_company_is_a_404_on_every_route() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    let intruder = mine.in_company(theirs.company);
    for route in routes::all().iter().filter(|route| acts_in_a_company(route)) {
        let path = route.path(|_| theirs.company().to_string());
        let answer = intruder.send(route.method, &path, Some(body_of(route)), &[]).await;
        assert_eq!(answer.status, 404, "{} {path}: {}", route.method, answer.text);
    }
}

#[tokio::test]
async fn every_id_of_another_company_is_a_404_on_every_route() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill(&theirs).await;
    let (ids, before) = (ids_of(&theirs).await, digest_of(&theirs).await);
    for table in FILLED {
        assert!(ids.iter().any(|(filled, _)| filled == table), "no row in {table}: {ids:?}");
    }
    for route in routes::all().iter().filter(|route| route.has_parameters() && acts_in_a_company(route)) {
        for (table, id) in &ids {
            let path = route.path(|name| match (name, route.template.starts_with("/companies/{id}/")) {
                ("id", true) => mine.company().to_string(),
                _ => id.clone(),
            });
            if !path.contains(id.as_str()) {
                continue;
            }
            let answer = mine.send(route.method, &path, Some(body_of(route)), &[]).await;
            assert_eq!(answer.status, 404, "{} {path}, an id of {table}: {}", route.method, answer.text);
        }
    }
    assert_eq!(digest_of(&theirs).await, before);
}

#[tokio::test]
async fn no_list_shows_anything_of_another_company() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill(&theirs).await;
    let ids = ids_of(&theirs).await;
    let lists = routes::all();
    for route in lists.iter().filter(|r| r.method == "GET" && !r.has_parameters() && acts_in_a_company(r)) {
        let answer = mine.get(&route.template).await;
        assert!(!answer.status.is_server_error(), "{}: {}", route.template, answer.text);
        for (table, id) in &ids {
            assert!(!answer.text.contains(id.as_str()), "{} shows an id of {table}", route.template);
        }
    }
}

#[tokio::test]
async fn a_body_that_names_something_of_another_company_is_refused() {
    let app = TestApp::start().await;
    let (theirs, mine) = (app.with_company().await, app.with_company().await);
    fill(&theirs).await;
    mine.post("/products", json!({"sku": "RIZ", "name": "Riz"})).await.expect(201);
    let before = digest_of(&theirs).await;
    let ids = ids_of(&theirs).await;
    let id = |table: &str| &ids.iter().find(|(name, _)| name == table).expect("filled").1;
    let recipients = json!([{"user_id": id("users")}]);
    let tries = [
        ("/products", json!({"sku": "A", "name": "A", "category_id": id("categories")})),
        ("/products", json!({"sku": "A", "name": "A", "supplier_id": id("suppliers")})),
        ("/stock-movements", json!({"product_id": id("products"), "kind": "entry", "quantity": 1})),
        ("/stock-movements", json!({"sku": "RIZ", "kind": "entry", "quantity": 1, "site_id": id("sites")})),
        ("/sales", json!({"product_id": id("products"), "quantity": 1})),
        ("/sales", json!({"sku": "RIZ", "quantity": 1, "site_id": id("sites")})),
        ("/alert-rules", json!({"name": "x", "kind": "rupture", "channels": ["email"], "recipients": recipients})),
    ];
    for (path, body) in tries {
        let answer = mine.post(path, body.clone()).await;
        assert!(matches!(answer.status.as_u16(), 404 | 422), "{path} {body}: {}", answer.text);
    }
    assert_eq!(digest_of(&theirs).await, before);
}
