//! Limits of Meta that hold for more than one ad account.

use std::time::Duration;

use sandbox::{Fault, Provider};
use serde_json::json;

use super::world::World;

#[tokio::test]
async fn a_limit_of_the_app_or_the_token_stops_the_calls_for_every_account_of_it() {
    for (code, holds_for_both) in [(4, true), (17, true), (32, true), (80_000, false)] {
        let world = World::new().await;
        let other = world.add_account().await;
        let body = Some(json!({"error": {"code": code, "message": "limit"}}));
        world.add_fault("start_report", Fault::Status { code: 400, body }, 1);
        world.enqueue_refresh().await;
        world.drain.run_due().await;
        world.enqueue_refresh_of(other).await;
        world.drain.run_due().await;
        let count_calls = || {
            let sandbox = world.running.sandbox();
            sandbox.count_calls(Provider::Meta, "start_report")
        };
        assert_eq!(count_calls(), if holds_for_both { 1 } else { 2 }, "{code}");
        world.db.advance(Duration::from_secs(301)).await;
        world.drain.run_due().await;
        assert!(
            count_calls() >= 3 || !holds_for_both,
            "{code}: the limit has ended"
        );
    }
}
