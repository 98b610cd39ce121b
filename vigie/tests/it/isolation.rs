//! One company's token with the ids of another's. The API's own tests cover every route; here
//! workers have written the rows.

use serde_json::json;

use crate::support::{Role, Shop, System, run_alone};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_companys_jobs_wrote_does_not_exist_for_another() {
    run_alone(async {
        let mut system = System::new().await;
        system.start(Role::All);
        system.until_ready(1).await;
        let ours = Shop::open(&system, 1, 1).await.client;
        let theirs = Shop::open(&system, 2, 1).await.client;
        ours.post(
            "/stock-movements",
            &json!({"sku": "P0", "kind": "exit", "quantity": 10}),
        )
        .await
        .expect(201);
        system.until_all_finished().await;
        for list in ["jobs", "alerts", "messages"] {
            let mine = ours.get(&format!("/{list}")).await.expect(200);
            let id = mine["items"][0]["id"]
                .as_str()
                .unwrap_or_else(|| panic!("no {list}: {mine}"))
                .to_owned();
            ours.get(&format!("/{list}/{id}")).await.expect(200);
            theirs.get(&format!("/{list}/{id}")).await.expect(404);
            let seen = theirs.get(&format!("/{list}?limit=500")).await.expect(200);
            assert!(
                seen["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|item| item["id"] != id),
                "{seen}"
            );
            let acts: &[&str] = match list {
                "jobs" => &["cancel", "retry"],
                "alerts" => &["acknowledge", "resolve"],
                _ => &[],
            };
            for act in acts {
                theirs
                    .post(&format!("/{list}/{id}/{act}"), &json!({}))
                    .await
                    .expect(404);
            }
        }
        let job = ours.get("/jobs").await.expect(200)["items"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        theirs
            .get(&format!("/jobs/{job}/timeline"))
            .await
            .expect(404);
        // The token of one company with the other company's id in the header.
        let mut posing = theirs.clone();
        posing.company = ours.company.clone();
        posing.get(&format!("/jobs/{job}")).await.expect(404);
    })
    .await;
}
