//! A shop to watch: products with levels and a past of sales, put there directly, so that these
//! tests are about what follows from them.

use chrono::{DateTime, Days, NaiveDate, Utc};
use platform::ids::Uuid;
use serde_json::{Value, json};

use crate::app::{Client, TestApp};

pub(crate) const PHONE: &str = "+221771234567";

/// A product of the client's company.
pub(crate) async fn product(client: &Client<'_>, name: &str) -> Uuid {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into products (company_id, id, sku, name, currency) values ($1, $2, $3, $3, 'XOF')",
        client.company().0,
        id,
        name,
    )
    .execute(&mut client.app.owner().await)
    .await
    .unwrap();
    id
}

/// Its level from now on.
pub(crate) async fn stock(client: &Client<'_>, product: Uuid, level: i32) {
    sqlx::query!(
        "insert into stock_levels (company_id, product_id, level, tracked_since, anchored_at, counted, last_fact_at)
         values ($1, $2, $3::int, engine_now(), engine_now(), true, engine_now())
         on conflict (company_id, product_id, site_id) do update set level = excluded.level",
        client.company().0,
        product,
        level,
    )
    .execute(&mut client.app.owner().await)
    .await
    .unwrap();
}

/// The minimum below which it is low.
pub(crate) async fn minimum(client: &Client<'_>, product: Uuid, units: i32) {
    sqlx::query!(
        "update products set min_stock = $2::int where id = $1",
        product,
        units
    )
    .execute(&mut client.app.owner().await)
    .await
    .unwrap();
}

/// A sale line, delivered, of a thousand francs a piece.
pub(crate) async fn sale(client: &Client<'_>, product: Uuid, day: NaiveDate, quantity: i32) {
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

/// So many a day, for as many days up to yesterday.
pub(crate) async fn steady_sales(client: &Client<'_>, product: Uuid, days: u64, quantity: i32) {
    let today = now(client.app).await.date_naive();
    for back in 1..=days {
        sale(client, product, today - Days::new(back), quantity).await;
    }
}

pub(crate) async fn now(app: &TestApp) -> DateTime<Utc> {
    platform::db::now(&mut app.owner().await).await.unwrap()
}

/// Evaluates as the tick does, and sends what follows.
pub(crate) async fn evaluate(client: &Client<'_>) {
    client
        .post("/alerts/evaluations", json!({}))
        .await
        .expect(202);
    client.app.run_jobs().await;
}

/// The company's alerts of this state.
pub(crate) async fn alerts(client: &Client<'_>, state: &str) -> Vec<Value> {
    let body = client
        .get(&format!("/alerts?state={state}"))
        .await
        .expect(200);
    body["items"].as_array().unwrap().clone()
}

pub(crate) async fn messages(client: &Client<'_>, channel: &str) -> Vec<Value> {
    let body = client
        .get(&format!("/messages?channel={channel}"))
        .await
        .expect(200);
    body["items"].as_array().unwrap().clone()
}
