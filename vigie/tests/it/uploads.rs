//! Uploads whose API is killed: nothing of them remains, and the client repeats them.

use std::time::Duration;

use platform::ids::Uuid;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{
    Client, FORM, Halt, Role, System, eventually, expect_nothing_lost_or_doubled, form, run_alone,
    select_texts, until_succeeded, upload_request,
};

const LINES: usize = 2_000;
/// Bytes that the API buffers before it writes to the disk.
const BUFFER_BYTES: u64 = 1 << 20;

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

/// Opens a connection and sends the first `sent` bytes of a form, like a client with a slow line.
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
                union all select concat('job ', id)
                  from job_bodies where kind = 'catalog.import_file'";
    assert!(select_texts(&mut conn, rows).await.is_empty());
}

fn ids(response: &Value) -> [Uuid; 2] {
    ["import", "job"].map(|name| response[name]["id"].as_str().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::too_many_lines,
    reason = "one scenario, read from top to bottom"
)]
async fn an_upload_whose_api_is_killed_is_no_import_until_it_is_repeated() {
    run_alone(async {
        let mut system = System::new().await;
        for role in [Role::Worker, Role::Scheduler, Role::Api] {
            system.start(role);
        }
        system.until_ready(1).await;
        let client = system.register_company(1).await;
        let form = form("sales", &json!({}), &sales_file());

        let mut line = begin_upload(&system, &client, "key", &form, form.len() * 3 / 4).await;
        let half_stored = async || {
            system
                .blobs()
                .into_iter()
                .find(|(_, length)| *length >= BUFFER_BYTES)
        };
        let (remains, _) = eventually("part of the file is stored", half_stored).await;
        kill_api(&mut system).await;
        let response = line.read(&mut [0; 100]).await;
        assert!(
            response.as_ref().map_or(true, |length| *length == 0),
            "unexpected response: {response:?}"
        );
        assert!(remains.contains('#'), "{remains} could be a file's key");
        expect_no_import(&system, &client).await;

        let mut halt = Halt::at(
            &system,
            "trigger halt before insert on imports for each row",
        )
        .await;
        let request = || upload_request(&client, form.clone());
        let (lost, ()) = tokio::join!(
            client.send(request().header("Idempotency-Key", "key")),
            async {
                halt.until_reached().await;
                kill_api(&mut system).await;
            }
        );
        assert!(lost.is_err(), "unexpected response: {lost:?}");
        halt.release().await;
        expect_no_import(&system, &client).await;
        assert_eq!(
            system.blobs().len(),
            2,
            "the whole file is stored, but not its import"
        );

        let sent = client.send_until_accepted(request, "key").await;
        let repeated = client.send_until_accepted(request, "key").await;
        assert_eq!((sent.replayed, repeated.replayed), (false, true));
        assert_eq!(ids(&sent.body), ids(&repeated.body));
        let id = ids(&sent.body)[0].to_string();
        let import = until_succeeded(&client, &id).await;
        assert_eq!(import["rows_imported"], LINES, "{import}");
        let imports = client.get("/imports").await.expect(200);
        assert_eq!(imports["items"].as_array().unwrap().len(), 1, "{imports}");
        system.until_all_finished().await;
        let key = format!("{}/imports/{id}", client.company.as_deref().unwrap());
        let stored = system.blobs();
        assert!(stored.len() == 3 && stored.contains_key(&key), "{stored:?}");

        system.db.advance(Duration::from_secs(25 * 3_600)).await;
        eventually("leftover files are swept", async || {
            (system.blobs().len() < 2).then_some(())
        })
        .await;
        assert!(system.blobs().contains_key(&key), "{:?}", system.blobs());
        system.until_all_finished().await;
        expect_nothing_lost_or_doubled(&system).await;
    })
    .await;
}
