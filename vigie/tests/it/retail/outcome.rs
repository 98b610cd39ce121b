//! The expected outcome of the file and the counts: predictions, alerts, messages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::support::{Client, System};

/// Expects predictions as of the last day of the data, the soonest first, from the counted levels.
pub(super) async fn expect_predictions(client: &Client, levels: &BTreeMap<String, u32>) {
    let list = client
        .get("/predictions/ruptures?horizon_days=15&limit=100")
        .await
        .expect(200);
    let items = list["items"].as_array().unwrap();
    assert!(items.len() > 20, "{list}");
    let median = |item: &Value| item["days_to_rupture"]["p50"].as_i64().unwrap();
    assert!(items.is_sorted_by_key(median), "{list}");
    for item in items {
        assert_eq!(
            (&item["as_of"], &item["data_through"]),
            (&json!("2011-12-09"), &json!("2011-12-09")),
            "{item}"
        );
        assert!(
            item["probability"]
                .as_f64()
                .is_some_and(|p| (0.0..=1.0).contains(&p)),
            "{item}"
        );
        let level: f64 = item["level"].as_str().unwrap().parse().unwrap();
        let sku = item["product"]["sku"].as_str().unwrap().to_uppercase();
        assert_eq!(level, f64::from(levels[&sku]), "{item}");
        assert!(
            median(item) <= 15 && item["explanation"].is_string(),
            "{item}"
        );
    }
}

/// Finds the products of each alert: the empty ones, and those that are likely to run out before
/// the next delivery or within a week.
pub(super) async fn find_concerned(
    conn: &mut PgConnection,
    levels: &BTreeMap<String, u32>,
) -> BTreeMap<String, BTreeSet<String>> {
    let soon = sqlx::query_scalar!(
        "select p.sku from outlooks o join products p on p.id = o.product_id
         where o.level > 0 and (o.probability >= 0.5 or o.days_p50 <= 7)",
    )
    .fetch_all(conn)
    .await
    .unwrap();
    let empty = levels
        .iter()
        .filter(|(_, level)| **level == 0)
        .map(|(sku, _)| sku.clone());
    [
        ("rupture", empty.collect()),
        (
            "predicted_rupture",
            soon.into_iter().map(|sku| sku.to_uppercase()).collect(),
        ),
    ]
    .map(|(kind, skus)| (kind.to_owned(), skus))
    .into()
}

/// Expects one alert for what has run out and one for what will, each notified once on both
/// channels.
pub(super) async fn expect_alerts(
    system: &System,
    client: &Client,
    concerned: &BTreeMap<String, BTreeSet<String>>,
) {
    let open = client.get("/alerts?state=open").await.expect(200);
    let alerts = open["items"].as_array().unwrap();
    let mut kinds: Vec<_> = alerts
        .iter()
        .map(|alert| alert["kind"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["predicted_rupture", "rupture"], "{open}");
    let items = sqlx::query!(
        "select a.kind, p.sku from alert_items i join alerts a on a.id = i.alert_id
           join products p on p.id = i.product_id
         where i.resolved_at is null",
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap();
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for item in items {
        found
            .entry(item.kind)
            .or_default()
            .insert(item.sku.to_uppercase());
    }
    assert_eq!(&found, concerned);
    let notified = sqlx::query!(
        "select a.kind, n.channel, n.cause
           from notifications n join alerts a on a.id = n.alert_id order by 1, 2"
    )
    .fetch_all(&mut system.db.owner().await)
    .await
    .unwrap();
    let notified: Vec<_> = notified
        .iter()
        .map(|n| [n.kind.as_str(), n.channel.as_str(), n.cause.as_str()])
        .collect();
    let once = ["predicted_rupture", "rupture"]
        .into_iter()
        .flat_map(|kind| ["email", "whatsapp"].map(|channel| [kind, channel, "opened"]));
    assert_eq!(notified, once.collect::<Vec<_>>());
}
