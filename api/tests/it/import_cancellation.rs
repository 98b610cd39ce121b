//! Cancelling a running import: valid-rows mode keeps the committed rows and counts them,
//! all-or-nothing mode keeps none.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sqlx::{PgConnection, Row as _};

use crate::app::{Client, TestApp};

/// Rows of the file: with its header one line more than a commit of the merge holds.
const ROWS: i64 = 100_000;

const FEW: &str =
    "invoice,sku,quantity,price,date,customer\n1,A,3,500,2026-01-05,c1\n2,B,1,500,2026-01-05,c2\n";

fn many() -> String {
    let mut file = String::from("invoice,sku,quantity,price,date\n");
    for row in 1..=ROWS {
        writeln!(file, "{row},A,1,500,2026-01-05").unwrap();
    }
    file
}

/// Blocks every writer of a row until [`let_go`].
async fn halt_at(conn: &mut PgConnection, trigger: &'static str) {
    let halt = "create function halt() returns trigger language plpgsql as
            $$ begin perform pg_advisory_xact_lock(7); return new; end $$;
        select pg_advisory_lock(7)";
    sqlx::raw_sql(halt).execute(&mut *conn).await.unwrap();
    sqlx::raw_sql(trigger).execute(conn).await.unwrap();
}

/// Polls the server without a pause between two responses.
async fn halted(conn: &mut PgConnection) {
    let waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())";
    for _ in 0..1_000_000 {
        if sqlx::raw_sql(waits)
            .fetch_one(&mut *conn)
            .await
            .unwrap()
            .get::<i64, _>(0)
            == 1
        {
            return;
        }
    }
    panic!("nobody came to the row");
}

async fn let_go(conn: &mut PgConnection) {
    sqlx::raw_sql("select pg_advisory_unlock(7)")
        .execute(conn)
        .await
        .unwrap();
}

/// Uploads a file and calls `path` while the job is blocked. Returns the import's path and the
/// response.
async fn stopped_in_the_middle(
    client: &Client<'_>,
    (options, file): (Value, &str),
    trigger: &'static str,
    path_of: impl Fn(&Value) -> String,
) -> (String, Value) {
    let mut conn = client.app.owner().await;
    halt_at(&mut conn, trigger).await;
    let accepted = client
        .upload("/imports", "sales", &options, file.as_bytes())
        .await
        .expect(202);
    let path = format!("/imports/{}", accepted["import"]["id"].as_str().unwrap());
    let stop = async {
        halted(&mut conn).await;
        assert_eq!(client.get(&path).await.expect(200)["state"], "loading");
        let answer = client.post(&path_of(&accepted), json!({})).await;
        let_go(&mut conn).await;
        answer
    };
    let (ran, answer) = tokio::join!(client.app.run_failing_jobs(), stop);
    assert!(answer.status.is_success(), "{}", answer.text);
    assert_eq!(
        (ran[0].kind.as_str(), ran[0].outcome.name()),
        ("catalog.import_file", "cancelled")
    );
    let job = client
        .get(&format!(
            "/jobs/{}",
            accepted["job"]["id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    assert_eq!(job["state"], "cancelled");
    let staged = "select count(*) from staging.sale_lines";
    assert_eq!(count(client.app, staged).await, 0);
    (path, answer.body)
}

fn the_import(accepted: &Value) -> String {
    format!(
        "/imports/{}/cancel",
        accepted["import"]["id"].as_str().unwrap()
    )
}

fn its_job(accepted: &Value) -> String {
    format!("/jobs/{}/cancel", accepted["job"]["id"].as_str().unwrap())
}

async fn count(app: &TestApp, query: &'static str) -> i64 {
    sqlx::raw_sql(query)
        .fetch_one(&mut app.owner().await)
        .await
        .unwrap()
        .get(0)
}

async fn expect_nothing(client: &Client<'_>, path: &str) {
    let import = client.get(path).await.expect(200);
    assert_eq!(
        (&import["state"], &import["rows_imported"]),
        (&json!("cancelled"), &json!(0))
    );
    assert_ne!(import["finished_at"], Value::Null);
    client
        .post(&format!("{path}/cancel"), json!({}))
        .await
        .expect_problem(409, "import_over");
    client
        .post(&format!("{path}/resume"), json!({"options": {}}))
        .await
        .expect_problem(409, "import_not_waiting");
    for list in ["/sales", "/products", "/stock-movements"] {
        assert_eq!(
            client.get(list).await.expect(200)["items"],
            json!([]),
            "{list}"
        );
    }
    assert_eq!(count(client.app, "select count(*) from customers").await, 0);
}

#[tokio::test]
async fn committed_rows_stay_are_counted_and_move_the_stock() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let product = owner
        .post("/products", json!({"sku": "A", "name": "Riz"}))
        .await
        .expect(201);
    let counted =
        json!({"sku": "A", "kind": "count", "quantity": 500_000, "at": "2026-01-01T00:00:00Z"});
    owner.post("/stock-movements", counted).await.expect(201);
    app.run_jobs().await;
    let trigger = "create trigger halt before insert on sales for each row
        when (new.document = '100000') execute function halt()";
    let (path, answer) =
        stopped_in_the_middle(&owner, (json!({}), &many()), trigger, the_import).await;
    let import = owner.get(&path).await.expect(200);
    for told in [&answer, &import] {
        assert_eq!(
            (&told["state"], &told["rows_imported"]),
            (&json!("cancelled"), &json!(ROWS - 1))
        );
        assert_eq!(told["rows_total"], ROWS);
    }
    assert_eq!(count(&app, "select count(*) from sales").await, ROWS - 1);
    app.run_jobs().await;
    let stock = owner
        .get(&format!(
            "/products/{}/stock",
            product["id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    assert_eq!(stock["level"], "400001.000");
}

#[tokio::test]
async fn a_cancelled_all_or_nothing_import_keeps_no_row() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let trigger = "create trigger halt before insert on sales for each row
        when (new.document = '2') execute function halt()";
    let options = json!({"mode": "all_or_nothing"});
    let (path, answer) = stopped_in_the_middle(&owner, (options, FEW), trigger, the_import).await;
    assert_eq!(answer["state"], "cancelled");
    expect_nothing(&owner, &path).await;
}

#[tokio::test]
async fn an_import_cancelled_while_reading_keeps_no_row_in_either_mode() {
    for mode in ["valid_rows", "all_or_nothing"] {
        let app = TestApp::start().await;
        let owner = app.with_company().await;
        let trigger = "create trigger halt before insert on staging.sale_lines for each row
            when (new.line = 3) execute function halt()";
        let file = (json!({ "mode": mode }), FEW);
        let (path, answer) = stopped_in_the_middle(&owner, file, trigger, the_import).await;
        assert_eq!(answer["state"], "cancelled");
        expect_nothing(&owner, &path).await;
    }
}

#[tokio::test]
async fn cancelling_the_job_of_a_running_import_ends_the_import() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let trigger = "create trigger halt before insert on staging.sale_lines for each row
        when (new.line = 3) execute function halt()";
    let (path, _) = stopped_in_the_middle(&owner, (json!({}), FEW), trigger, its_job).await;
    expect_nothing(&owner, &path).await;
}

#[tokio::test]
async fn the_import_of_a_cancelled_waiting_job_is_closed_by_the_next_sweep() {
    let app = TestApp::start().await;
    let owner = app.with_company().await;
    let accepted = owner
        .upload("/imports", "sales", &json!({}), FEW.as_bytes())
        .await
        .expect(202);
    owner.post(&its_job(&accepted), json!({})).await.expect(202);
    let mut tx = app.db.db.begin_engine().await.unwrap();
    tx.enqueue(jobs::platform_job(&jobs::schedule::EnqueueForEach {
        timer: "end-imports".to_owned(),
    }))
    .await
    .unwrap();
    tx.commit().await.unwrap();
    app.run_jobs().await;
    let path = format!("/imports/{}", accepted["import"]["id"].as_str().unwrap());
    assert_eq!(owner.get(&path).await.expect(200)["state"], "cancelled");
}
