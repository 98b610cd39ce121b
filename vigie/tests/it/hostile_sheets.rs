//! Spreadsheets that are made to exhaust the memory of a process: each is rejected, and the process
//! goes on with the requests of other companies.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::json;
use testing::{
    RELATIONS_PART, SHEET_PART, STYLES_PART, Spreadsheet, TEXTS_PART, WORKBOOK_PART, build_bomb,
};

use crate::support::{Client, FORM, Role, System, form, run_alone};

const MEBIBYTE: usize = 1 << 20;
const MAX_MEMORY_MEBIBYTES: u64 = 300;
const UPLOADS_AT_ONCE: usize = 8;
const ROW: &str = r#"<row r="1"><c r="A1"><v>1</v></c></row>"#;

fn book_with(part: &str, content: &str) -> Vec<u8> {
    let mut book = Spreadsheet::of_rows(ROW);
    book.set_part(part, content);
    book.build_file()
}

fn repeated(part: &str, head: &str, block: &str, mebibytes: usize) -> Vec<u8> {
    let mut book = Spreadsheet::of_rows(ROW);
    book.set_repeated_part(part, head, block, mebibytes * MEBIBYTE);
    book.build_file()
}

fn many_parts() -> Vec<u8> {
    let mut book = Spreadsheet::of_rows(ROW);
    for number in 0..12_000 {
        book.set_part(&format!("p{number}"), "");
    }
    book.build_file()
}

fn shared_text_in_every_cell() -> Vec<u8> {
    let cells = r#"<c t="s"><v>0</v></c>"#.repeat(1_000);
    let mut book = Spreadsheet::of_rows(&format!("<row>{cells}</row>"));
    let text = "x".repeat(32_767);
    book.set_part(TEXTS_PART, format!("<sst><si><t>{text}</t></si></sst>"));
    book.build_file()
}

/// Every file with its name.
fn hostile_sheets() -> Vec<(&'static str, Vec<u8>)> {
    let texts = r#"<sst uniqueCount="9000000000000"><si><t>Date</t></si></sst>"#;
    let range = r#"<worksheet><dimension ref="A1:ZZZZZZ99999999999"/><sheetData/></worksheet>"#;
    let relations = r#"<Relationship Id="a" Type="worksheet" Target="b"/>"#;
    let text = format!("<si><t>{}</t></si>", "x".repeat(32_000));
    let far = r#"<row r="2"><c r="XFD2"><v>1</v></c></row>"#;
    let further = r#"<row r="99999999999"><c r="ZZZZZZZ1"><v>1</v></c></row>"#;
    vec![
        (
            "9,000,000,000,000 texts announced",
            book_with(TEXTS_PART, texts),
        ),
        (
            "26 million empty texts",
            repeated(TEXTS_PART, "<sst>", "<si/>", 128),
        ),
        (
            "2 GiB of long texts",
            repeated(TEXTS_PART, "<sst>", &text, 2_048),
        ),
        ("a far cell", Spreadsheet::of_rows(far).build_file()),
        (
            "a cell beyond the sheet",
            Spreadsheet::of_rows(further).build_file(),
        ),
        ("a huge dimension", book_with(SHEET_PART, range)),
        (
            "a million formats",
            repeated(STYLES_PART, "<styleSheet><cellXfs>", "<xf/>", 6),
        ),
        (
            "an endless format",
            repeated(STYLES_PART, "<a formatCode=\"", "d", 512),
        ),
        (
            "a million nested elements",
            repeated(SHEET_PART, "<worksheet>", "<a>", 4),
        ),
        (
            "an endless text",
            repeated(SHEET_PART, "<worksheet>", "x", 1_024),
        ),
        ("a gibibyte of blanks", build_bomb(1_100, 1_100 << 20)),
        ("a false length", build_bomb(1_100, 10)),
        (
            "endless sheets",
            repeated(WORKBOOK_PART, "", r#"<sheet r:id="rId1"/>"#, 64),
        ),
        (
            "endless relations",
            repeated(RELATIONS_PART, "", relations, 512),
        ),
        ("12,000 parts", many_parts()),
        ("a spreadsheet in a spreadsheet", {
            let mut book = Spreadsheet::of_rows(ROW);
            book.set_part(WORKBOOK_PART, many_parts());
            book.build_file()
        }),
        ("one text in every cell", shared_text_in_every_cell()),
    ]
}

/// Sends one file to `path`; returns the status and the code of the error.
async fn send_file(client: &Client, path: &str, file: &[u8]) -> (u16, String) {
    let request = client
        .request("POST", path)
        .header("Content-Type", FORM)
        .timeout(Duration::from_secs(120))
        .body(form("sales", &json!({}), file));
    let response = client.send(request).await.unwrap();
    let code = &response.body["errors"][0]["code"];
    (
        response.status,
        code.as_str().unwrap_or_default().to_owned(),
    )
}

/// Most memory that the process has held, as the kernel counts it.
fn peak_memory_mebibytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
}

/// Sends requests of another company until `work` is done; returns the slowest one.
async fn measure_slowest(other: &Client, work: impl Future<Output = ()>) -> Duration {
    let mut slowest = Duration::ZERO;
    let mut work = std::pin::pin!(work);
    loop {
        let started = Instant::now();
        let request = async {
            other.get("/products").await.expect(200);
            slowest = slowest.max(started.elapsed());
        };
        tokio::select! {
            () = &mut work => return slowest,
            () = request => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_spreadsheets_are_rejected_eight_at_once_in_bounded_memory() {
    run_alone(async {
        let mut system = System::new().await;
        for role in [Role::Worker, Role::Scheduler, Role::Api] {
            system.start(role);
        }
        system.until_ready(1).await;
        let client = system.register_company(1).await;
        let other = system.register_company(2).await;
        let api = system.indices(Role::Api)[0];
        let before = peak_memory_mebibytes(system.processes[api].id());
        let files = hostile_sheets();
        for path in ["/imports", "/imports/preview"] {
            let work = async {
                for batch in files.chunks(UPLOADS_AT_ONCE) {
                    let sent = batch.iter().map(|(_, file)| send_file(&client, path, file));
                    for ((name, _), (status, code)) in batch.iter().zip(join_all(sent).await) {
                        assert!(
                            (400..500).contains(&status),
                            "{path}, {name}: {status} {code}"
                        );
                        assert_ne!(
                            code, "unreadable_file",
                            "{path}: a parser panicked at {name}"
                        );
                    }
                }
            };
            let slowest = measure_slowest(&other, work).await;
            eprintln!("{path}: the slowest request of another company took {slowest:?}");
        }
        let worst = files
            .iter()
            .find(|(name, _)| name.contains("long texts"))
            .unwrap();
        let copies = (0..UPLOADS_AT_ONCE).map(|_| send_file(&client, "/imports", &worst.1));
        for (status, code) in join_all(copies).await {
            assert_eq!((status, code.as_str()), (422, "too_complex"));
        }
        let api = &mut system.processes[api];
        assert!(api.is_running());
        let peak = peak_memory_mebibytes(api.id());
        eprintln!("peak memory of the API: {peak} MiB, before the files {before} MiB");
        assert!(peak < MAX_MEMORY_MEBIBYTES, "{peak} MiB");
        let imports = client.get("/imports").await.expect(200);
        assert_eq!(imports["items"], json!([]));
    })
    .await;
}
