//! Uploads whose API is killed under them: nothing of them is there, and the client sends them again.

use std::time::Duration;

use platform::ids::Uuid;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{
    Client, FORM, Halt, Role, System, eventually, expect_nothing_lost_or_doubled, form, guarded,
    look, until_succeeded, upload_of,
};

const LINES: usize = 2_000;
/// What the API holds back before it writes to the disk.
const PART: u64 = 1 << 20;

/// Few lines and many bytes.
fn sales_file() -> Vec<u8> {
    let remark = "sold as it stands, ".repeat(60);
    let line = |n: usize| format!("F{n},p{},1,150,2026-02-03,\"{remark}\"\n", n % 50);
    let lines = (0..LINES).map(line);
    format!(
        "invoice,sku,quantity,price,date,remark\n{}",
        lines.collect::<String>()
    )
    .into_bytes()
}

/// Somebody with a slow line, who has sent as much of a form.
async fn begin_upload(
    system: &System,
    client: &Client,
    key: &str,
    form: &[u8],
    sent: usize,
) -> TcpStream {
    let host = system.url().replace("http://", "");
    let (token, company) = (
        client.token.as_deref().unwrap(),
        client.company.as_deref().unwrap(),
    );
    let head = format!(
        "POST /api/v1/imports HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nX-Company-ID: {company}\r\n\
         Idempotency-Key: {key}\r\nContent-Type: {FORM}\r\nContent-Length: {}\r\n\r\n",
        form.len()
    );
    let mut line = TcpStream::connect(host).await.unwrap();
    line.write_all(head.as_bytes()).await.unwrap();
    line.write_all(&form[..sent]).await.unwrap();
    line
}

async fn kill_api(system: &mut System) {
    let api = system.indices(Role::Api)[0];
    system.replace(api).await;
    system.until_ready(1).await;
}

async fn expect_no_import(system: &System, client: &Client) {
    let imports = client.get("/imports").await.expect(200);
    assert_eq!(imports["items"], json!([]));
    let mut conn = system.db.owner().await;
    let rows = "select concat('import ', id) from imports
                union all select concat('key ', key) from idempotency_keys
                union all select concat('job ', id) from job_bodies where kind = 'catalog.import_file'";
    assert!(look(&mut conn, rows).await.is_empty());
}

fn ids(answer: &Value) -> [Uuid; 2] {
    ["import", "job"].map(|name| answer[name]["id"].as_str().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_whose_api_is_killed_is_no_import_and_becomes_one_when_it_is_sent_again() {
    guarded(async {
        let mut system = System::new().await;
        for role in [Role::Worker, Role::Scheduler, Role::Api] {
            system.start(role);
        }
        system.until_ready(1).await;
        let client = system.company(1).await;
        let form = form("sales", &json!({}), &sales_file());

        let mut line = begin_upload(&system, &client, "key", &form, form.len() * 3 / 4).await;
        let half_stored = async || {
            system
                .blobs()
                .into_iter()
                .find(|(_, length)| *length >= PART)
        };
        let (remains, _) = eventually("part of the file is stored", half_stored).await;
        kill_api(&mut system).await;
        let answer = line.read(&mut [0; 100]).await;
        assert!(
            answer.as_ref().map_or(true, |length| *length == 0),
            "answered: {answer:?}"
        );
        assert!(remains.contains('#'), "{remains} could be a file's key");
        expect_no_import(&system, &client).await;

        let mut halt = Halt::at(
            &system,
            "trigger halt before insert on imports for each row",
        )
        .await;
        let request = || upload_of(&client, form.clone());
        let (lost, ()) = tokio::join!(
            client.send(request().header("Idempotency-Key", "key")),
            async {
                halt.reached().await;
                kill_api(&mut system).await;
            }
        );
        assert!(lost.is_err(), "answered: {lost:?}");
        halt.let_go().await;
        expect_no_import(&system, &client).await;
        assert_eq!(
            system.blobs().len(),
            2,
            "the whole file is stored, and its import is not"
        );

        let sent = client.send_surely(request, "key").await;
        let again = client.send_surely(request, "key").await;
        assert_eq!((sent.replayed, again.replayed), (false, true));
        assert_eq!(ids(&sent.body), ids(&again.body));
        let id = ids(&sent.body)[0].to_string();
        let import = until_succeeded(&client, &id).await;
        assert_eq!(import["rows_imported"], LINES, "{import}");
        let imports = client.get("/imports").await.expect(200);
        assert_eq!(imports["items"].as_array().unwrap().len(), 1, "{imports}");
        system.until_all_is_done().await;
        let key = format!("{}/imports/{id}", client.company.as_deref().unwrap());
        let stored = system.blobs();
        assert!(stored.len() == 3 && stored.contains_key(&key), "{stored:?}");

        system.db.advance(Duration::from_secs(25 * 3_600)).await;
        eventually("what was left behind is swept", async || {
            (system.blobs().len() < 2).then_some(())
        })
        .await;
        assert!(system.blobs().contains_key(&key), "{:?}", system.blobs());
        system.until_all_is_done().await;
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}
