//! Products, levels, sales and confirmed addresses for tests, inserted without the API.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::catalog::compute_key;
use platform::ids::Uuid;
use serde_json::{Value, json};

use crate::app::{Client, TestApp};

pub(crate) const PHONE: &str = "+221771234567";

/// Inserts an address that has agreed to receive the alerts of the client's company.
pub(crate) async fn insert_confirmed(client: &Client<'_>, address: &str) {
    sqlx::query!(
        "insert into alert_recipients (company_id, id, channel, address, confirmed_at, created_at,
           created_by)
         values ($1, $4, case when $2 like '%@%' then 'email' else 'whatsapp' end,
           $2, engine_now(), engine_now(), $3)",
        client.company().0,
        address,
        client.user.0,
        Uuid::now_v7(),
    )
    .execute(&mut client.app.owner().await)
    .await
    .unwrap();
}

/// Inserts a product of the client's company.
pub(crate) async fn insert_product(client: &Client<'_>, name: &str) -> Uuid {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into products (company_id, id, sku, sku_key, name, currency)
         values ($1, $2, $3, $4, $3, 'XOF')",
        client.company().0,
        id,
        name,
        compute_key(name),
    )
    .execute(&mut client.app.owner().await)
    .await
    .unwrap();
    id
}

/// Sets the level of a product, counted now.
pub(crate) async fn set_level(client: &Client<'_>, product: Uuid, level: i32) {
    sqlx::query!(
        "insert into stock_levels (company_id, product_id, level, tracked_since, anchored_at,
           anchor_id, counted)
         values ($1, $2, $3::int, engine_now(), engine_now(), gen_random_uuid(), true)
         on conflict (company_id, product_id, site_id) do update set level = excluded.level",
        client.company().0,
        product,
        level,
    )
    .execute(&mut client.app.owner().await)
    .await
    .unwrap();
}

/// Sets the minimum level of a product.
pub(crate) async fn set_minimum(client: &Client<'_>, product: Uuid, units: i32) {
    sqlx::query!(
        "update products set min_stock = $2::int where id = $1",
        product,
        units
    )
    .execute(&mut client.app.owner().await)
    .await
    .unwrap();
}

/// Inserts a delivered sale line at a thousand francs per unit.
pub(crate) async fn insert_sale(client: &Client<'_>, product: Uuid, day: NaiveDate, quantity: i32) {
    sqlx::query!(
        "insert into sales (company_id, id, sold_at, day, product_id, quantity, unit_price, amount, currency, kind)
         values ($1, $2, $3::date + time '12:00', $3, $4, $5::int, 1000, $5::int * 1000, 'XOF',
           case when $5::int < 0 then 'return' else 'sale' end)",
        client.company().0,
        Uuid::now_v7(),
        day,
        product,
        quantity,
    )
    .execute(&mut client.app.owner().await)
    .await
    .unwrap();
}

/// Inserts one line of `quantity` for each of the last `days` days, today excluded.
pub(crate) async fn insert_steady_sales(
    client: &Client<'_>,
    product: Uuid,
    days: u64,
    quantity: i32,
) {
    let today = read_clock(client.app).await.date_naive();
    for back in 1..=days {
        insert_sale(client, product, today - Days::new(back), quantity).await;
    }
}

pub(crate) async fn read_clock(app: &TestApp) -> DateTime<Utc> {
    platform::db::load_now(&mut app.owner().await)
        .await
        .unwrap()
}

/// Evaluates all rules and runs the jobs that follow.
pub(crate) async fn evaluate_alerts(client: &Client<'_>) {
    client
        .post("/alerts/evaluations", json!({}))
        .await
        .expect(202);
    client.app.run_jobs().await;
}

/// Lists the company's alerts in a state.
pub(crate) async fn list_alerts(client: &Client<'_>, state: &str) -> Vec<Value> {
    let body = client
        .get(&format!("/alerts?state={state}"))
        .await
        .expect(200);
    body["items"].as_array().unwrap().clone()
}

pub(crate) async fn list_messages(client: &Client<'_>, channel: &str) -> Vec<Value> {
    let body = client
        .get(&format!("/messages?channel={channel}"))
        .await
        .expect(200);
    body["items"].as_array().unwrap().clone()
}
