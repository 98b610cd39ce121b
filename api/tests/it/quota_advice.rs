//! What a person is advised whose file has no place in the quota: what holds the room, and when
//! there is room again.

use std::time::Duration;

use domain::catalog::import::FileQuota;
use serde_json::json;

use crate::quotas::{
    SALES, describes, keep_ended_file, reserve_place, sales, send, start_with_quota,
};

#[tokio::test]
async fn files_are_counted_until_a_month_after_their_import() {
    let quota = FileQuota {
        files: 2,
        ..FileQuota::default()
    };
    let app = start_with_quota(quota).await;
    let owner = app.with_company().await;
    for _ in 0..2 {
        send(&owner, "/imports", SALES).await.expect(202);
    }
    let problem = send(&owner, "/imports", SALES)
        .await
        .expect_problem(409, "file_quota_reached");
    assert!(describes(&problem, "annulez ceux qui vous attendent"));
    app.run_jobs().await;
    send(&owner, "/imports/preview", SALES)
        .await
        .expect_problem(409, "file_quota_reached");
    let company = format!("/companies/{}", owner.company());
    // Of two zones 26 hours apart, one has another day than UTC.
    for (zone, hours) in [("Pacific/Kiritimati", 14), ("Etc/GMT+12", -12)] {
        let change = json!({ "timezone": zone });
        owner.patch(&company, change).await.expect(200);
        let problem = send(&owner, "/imports", SALES)
            .await
            .expect_problem(409, "file_quota_reached");
        let now = crate::shop::read_clock(&app).await;
        let room = (now + chrono::TimeDelta::hours(hours) + chrono::Days::new(31)).date_naive();
        assert!(describes(&problem, &room.to_string()), "{problem}");
        assert!(!describes(&problem, "annulez"), "{problem}");
    }
    assert_eq!(app.list_files().await.len(), 2);
    app.advance(Duration::from_secs(31 * 86_400)).await;
    let owner = app.sign_in(&owner.email, owner.company).await;
    send(&owner, "/imports", SALES).await.expect(202);
    app.run_jobs().await;
}

#[tokio::test]
async fn the_day_with_room_is_when_enough_files_are_gone() {
    let quota = FileQuota {
        bytes: 4_000,
        ..FileQuota::default()
    };
    let app = start_with_quota(quota).await;
    let owner = app.with_company().await;
    for (bytes, days_ago) in [(100, 20), (3_800, 5), (100, 1)] {
        keep_ended_file(&owner, bytes, days_ago).await;
    }
    let problem = send(&owner, "/imports", &sales(60))
        .await
        .expect_problem(409, "file_quota_reached");
    let room = crate::shop::read_clock(&app).await + chrono::Days::new(26);
    assert!(
        describes(&problem, &room.date_naive().to_string()),
        "{problem}"
    );
    let problem = send(&owner, "/imports", &sales(200))
        .await
        .expect_problem(409, "file_quota_reached");
    assert!(
        describes(&problem, "dépasse à lui seul") && !describes(&problem, "20"),
        "{problem}"
    );
}

#[tokio::test]
async fn uploads_alone_that_take_all_places_are_waited_for() {
    let quota = FileQuota {
        open_imports: 1,
        ..FileQuota::default()
    };
    let app = start_with_quota(quota).await;
    let owner = app.with_company().await;
    reserve_place(&owner, 10).await;
    let problem = send(&owner, "/imports", SALES)
        .await
        .expect_problem(409, "too_many_imports");
    assert!(
        describes(&problem, "envoie ou prévisualise 1 fichier,") && !describes(&problem, "annulez"),
        "{problem}"
    );
}
