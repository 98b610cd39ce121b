//! Reports whose pages have no end, and rows that lack figures.

use domain::ads;
use platform::db::Scope;
use sandbox::{Fault, Provider};
use serde_json::{Value, json};

use super::world::World;

fn page(data: &Value, next: &str) -> Fault {
    let paging = json!({"cursors": {"after": next}, "next": "https://graph.example/next"});
    Fault::Status {
        code: 200,
        body: Some(json!({"data": data, "paging": paging})),
    }
}

#[tokio::test]
async fn a_report_without_an_end_is_given_up_and_the_published_days_stay() {
    let row = json!([{
        "account_id": "1", "ad_id": "7", "date_start": "2026-01-01", "impressions": "1",
    }]);
    // The pages, and the calls after which the refresh must have ended.
    let same = vec![page(&json!([]), "a"); 30];
    let empty: Vec<_> = (0..30)
        .map(|n| page(&json!([]), &format!("c{n}")))
        .collect();
    let alternating: Vec<_> = (0..30)
        .map(|n| page(&row, &format!("c{}", n % 2)))
        .collect();
    for (pages, most_calls) in [(same, 2), (empty, 12), (alternating, 12)] {
        let world = World::new().await;
        world.enqueue_refresh().await;
        world.run_to_end().await;
        let published = world.published_rows().await;
        let sandbox = world.running.sandbox();
        let before = sandbox.count_calls(Provider::Meta, "read_report");
        for fault in pages {
            world.add_fault("read_report", fault, 1);
        }
        world.enqueue_refresh().await;
        assert_eq!(world.run_to_end().await.outcome.name(), "dead");
        let calls = sandbox.count_calls(Provider::Meta, "read_report") - before;
        assert!(calls <= most_calls, "{calls} calls");
        assert_eq!(world.published_rows().await, published);
        let account = world.shown_account().await;
        assert_eq!(account.refresh_state, Some(ads::RefreshState::Failed));
        let error = account.refresh_error.unwrap();
        assert!(error.contains("no end"), "{error}");
    }
}

#[tokio::test]
async fn a_figure_that_meta_leaves_out_is_published_as_missing() {
    let world = World::new().await;
    world.enqueue_refresh().await;
    world.drain.run_due().await;
    let (_, yesterday) = world.latest_window().await;
    let rows = json!([
        {"account_id": "1", "ad_id": "7", "date_start": yesterday, "impressions": "100",
         "clicks": "3"},
        {"account_id": "1", "ad_id": "8", "date_start": yesterday, "impressions": null,
         "clicks": "4", "inline_link_clicks": "2"},
    ]);
    let body = Some(json!({"data": rows, "paging": {}}));
    world.add_fault("read_report", Fault::Status { code: 200, body }, 1);
    assert_eq!(world.run_to_end().await.outcome.name(), "succeeded");
    let mut tx = world
        .db
        .db
        .begin(Scope::company(world.company))
        .await
        .unwrap();
    let summary = ads::summarize_account(&mut tx, world.account, &[7])
        .await
        .unwrap();
    let totals = &summary.periods[0].totals;
    assert_eq!(
        (totals.impressions, totals.clicks, totals.spend),
        (Some(100), Some(7), None)
    );
    assert_eq!(
        (totals.link_clicks, totals.highest_reach, totals.cpm),
        (Some(2), None, None)
    );
    assert_eq!(totals.ctr.unwrap().to_string(), "3");
    let missing = totals.missing;
    assert_eq!(
        (missing.impressions, missing.link_clicks, missing.spend),
        (1, 1, 2)
    );
    assert_eq!((missing.clicks, missing.purchases), (0, 0));
}
