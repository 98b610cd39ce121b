//! A company with rows in every table, for tests that must reach every table or change none.

use providers::sandbox::META_ACCESS_TOKEN;
use serde_json::{Value, json};

use crate::app::Client;
use crate::message_fixtures::run_jobs_to_end;

/// Creates a row of every kind that the API can create.
pub(crate) async fn fill_company(owner: &Client<'_>) {
    let made = async |path: &str, body: Value| owner.post(path, body).await.expect(201);
    made("/api-keys", json!({"name": "Caisse", "role": "viewer"})).await;
    let invitations = format!("/companies/{}/invitations", owner.company());
    made(
        &invitations,
        json!({"email": "fatou@example.sn", "role": "viewer"}),
    )
    .await;

    let category = made("/categories", json!({"name": "Riz"})).await;
    let supplier = made("/suppliers", json!({"name": "Grossiste"})).await;
    let site = made("/sites", json!({"name": "Dépôt"})).await;
    let rice = json!({"sku": "RIZ", "name": "Riz", "category_id": category["id"], "supplier_id": supplier["id"]});
    made("/products", rice).await;
    let count = json!({"sku": "RIZ", "kind": "count", "quantity": 0, "site_id": site["id"]});
    made("/stock-movements", count).await;
    let sale = json!({"sku": "RIZ", "quantity": 1, "unit_price": "500"});
    made("/sales", json!([sale, sale])).await;
    let file = b"invoice;sku;quantity;price;date;customer\n1;RIZ;3;500;2026-01-05;c1\n1;RIZ;x;500;2026-01-05;c1\n";
    owner
        .upload("/imports", "sales", &json!({}), file)
        .await
        .expect(202);
    made(
        "/suppressions",
        json!({"channel": "email", "recipient": "stop@example.sn"}),
    )
    .await;
    made("/alert-recipients", json!({"address": "gerant@example.sn"})).await;
    made(
        "/ads/connections",
        json!({"access_token": META_ACCESS_TOKEN}),
    )
    .await;
    owner
        .post("/billing/checkout-sessions", json!({"plan": "pro"}))
        .await
        .expect(201);
    owner.post("/predictions/runs", json!({})).await.expect(202);
    owner
        .post("/alerts/evaluations", json!({}))
        .await
        .expect(202);
    owner.app.run_jobs().await;
    // No waiting job may become due during a slow test.
    run_jobs_to_end(owner.app).await;
}

/// The tables that [`fill_company`] must have filled: an empty table would leave its routes
/// untested.
pub(crate) const FILLED: &[&str] = &[
    "ad_accounts",
    "ad_connections",
    "alert_recipients",
    "alert_rules",
    "alerts",
    "api_keys",
    "audit_log",
    "categories",
    "customers",
    "fact_batches",
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

/// One id of each table in which the company has rows, and the ids of its people.
pub(crate) async fn list_ids(owner: &Client<'_>) -> Vec<(String, String)> {
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
    let mut ids: Vec<_> = rows
        .into_iter()
        .filter_map(|row| row.id.map(|id| (row.table, id)))
        .collect();
    ids.push(("users".to_owned(), owner.user.to_string()));
    ids.push(("companies".to_owned(), owner.company().to_string()));
    ids
}

/// A digest of all rows of the company, by table: its own row and those of its people too.
pub(crate) async fn digest_rows(owner: &Client<'_>) -> Vec<(String, String)> {
    sqlx::query!(
        r#"select c.relname::text as "table!",
                  md5(query_to_xml(format('select t::text as row from %I t where %s order by 1', c.relname,
                                          format(w.its_rows, $1::text)), true, false, '')::text) as "digest!"
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
           cross join lateral (select case
             when c.relname = 'companies' then 'id = %L'
             when c.relname = 'users' then 'id in (select user_id from memberships where company_id = %L)'
             when exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'company_id'
                          and not a.attisdropped) then 'company_id = %L'
           end) as w (its_rows)
           where n.nspname = 'public' and c.relkind = 'r' and w.its_rows is not null order by 1"#,
        owner.company().to_string(),
    )
    .fetch_all(&mut owner.app.owner().await)
    .await
    .unwrap()
    .into_iter()
    .map(|row| (row.table, row.digest))
    .collect()
}
