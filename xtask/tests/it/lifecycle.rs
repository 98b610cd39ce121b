//! The lifecycle of one instance of `up`: killed, continued, stopped, restarted, deleted.

use std::fs::File;
use std::io::Write as _;
use std::net::TcpListener;

use serde_json::Value;

use crate::support::{Client, ForeignServer, Instance, ProcessTree, Run, wait_for};

const CHILDREN: [&str; 4] = ["postgres", "redis-server", "sandbox", "vigie"];

#[test]
fn up_continues_after_a_kill_keeps_its_data_starts_over_and_leaves_no_process() {
    let instance = Instance::new();
    let mut foreign = ForeignServer::start();
    let summary = continues_after_a_kill(&instance, &foreign);
    exits_when_a_child_exits(&instance, &summary);
    starts_fresh(&instance);
    kills_its_children_when_killed(&instance);
    assert!(foreign.is_running());
}

/// The first run is killed during an import, without a death signal for its children. The second
/// run stops them, continues, and is stopped by Ctrl-C. Returns the summary of the second run.
fn continues_after_a_kill(instance: &Instance, foreign: &ForeignServer) -> Vec<String> {
    instance.disable_death_signal();
    let mut first = instance.start_up(&[]);
    first.read_until("importing the demo company's sales");
    let left = process_tree(&first);
    first.kill();
    assert!(left.is_complete());
    // A recorded process id that the system assigned to another process since.
    let mut pids = File::options()
        .append(true)
        .open(instance.folder.join("pids"))
        .unwrap();
    writeln!(pids, "sandbox {} 1", foreign.id()).unwrap();

    instance.enable_death_signal();
    let mut second = instance.start_up(&[]);
    let summary = second.read_summary();
    for name in ["postgres", "redis", "sandbox", "vigie"] {
        assert!(
            second.printed(&format!("stopping {name} (process")),
            "{:?}",
            second.output
        );
    }
    assert_eq!(left.running_names(), [""; 0]);
    expect_the_demo(instance, &summary);
    rejects_a_second_run(instance);
    let tree = process_tree(&second);
    second.interrupt();
    assert!(second.wait_for_exit().success() && second.printed("the data is kept"));
    expect_nothing_left(instance, &tree);
    summary
}

fn rejects_a_second_run(instance: &Instance) {
    let mut other = instance.start_up(&["--fresh"]);
    assert_eq!(other.wait_for_exit().code(), Some(1));
    assert!(
        other.printed("already runs") && other.printed(instance.folder.to_str().unwrap()),
        "{:?}",
        other.output
    );
}

/// The third run has the summary and the data of the second, and exits with its sandbox.
fn exits_when_a_child_exits(instance: &Instance, summary: &[String]) {
    let mut run = instance.start_up(&[]);
    assert_eq!(run.read_summary(), summary);
    assert!(!run.printed("importing"), "{:?}", run.output);
    expect_the_demo(instance, summary);
    let tree = process_tree(&run);
    tree.kill_child("sandbox");
    assert_eq!(run.wait_for_exit().code(), Some(1));
    assert!(run.printed("sandbox ended"), "{:?}", run.output);
    expect_nothing_left(instance, &tree);
}

/// The fourth run has no data, and is stopped before its summary.
fn starts_fresh(instance: &Instance) {
    let mut run = instance.start_up(&["--fresh"]);
    run.read_until("registering the demo user");
    let tree = process_tree(&run);
    run.signal("TERM");
    assert!(run.wait_for_exit().success(), "{:?}", run.output);
    expect_nothing_left(instance, &tree);
}

/// The fifth run is killed with a death signal for its children, so they need no other run to stop.
fn kills_its_children_when_killed(instance: &Instance) {
    let mut run = instance.start_up(&[]);
    run.read_until("importing");
    let tree = process_tree(&run);
    run.kill();
    wait_for("its children exited", || {
        tree.running_names().is_empty().then_some(())
    });
    expect_nothing_left(instance, &tree);
}

/// Returns the processes of a run, which Ctrl-C reaches only through the run.
fn process_tree(run: &Run) -> ProcessTree {
    let tree = ProcessTree::of(run.process_id());
    assert_eq!(tree.child_names(), CHILDREN);
    assert!(tree.is_in_other_groups());
    tree
}

/// Expects that no process is left and that the addresses are free.
fn expect_nothing_left(instance: &Instance, tree: &ProcessTree) {
    assert_eq!(tree.running_names(), [""; 0]);
    for address in instance.addresses() {
        assert!(TcpListener::bind(address).is_ok(), "{address}");
    }
}

/// Expects that the summary is correct: each address responds, and the login finds each line of the
/// files once, an alert for the products out of stock, and the messages of the alert.
fn expect_the_demo(instance: &Instance, summary: &[String]) {
    let get_page = |key: &str| -> String {
        let (address, path) = summary_value(summary, key)
            .split_once("://")
            .unwrap()
            .1
            .split_once('/')
            .unwrap();
        Client::new(address).get_text(&format!("/{path}"))
    };
    assert!(get_page("metrics").contains("vigie_"));
    assert!(get_page("health").contains("ok"));
    assert!(get_page("sandbox").contains("<html"));
    let client = sign_in(instance, summary);
    for kind in ["products", "sales", "stock_counts"] {
        let lines = instance.read_demo_file(kind).lines().count() - 1;
        assert_eq!(imported_rows(&client, kind), lines, "{kind}");
    }
    let out_of_stock = instance
        .read_demo_file("stock_counts")
        .lines()
        .filter(|line| line.split(',').nth(1) == Some("0"))
        .count();
    assert!(out_of_stock > 0);
    wait_for("the alert has every product that is out of stock", || {
        let alerts = client.get_json("/alerts?state=open");
        list_items(&alerts)
            .any(|alert| alert["kind"] == "rupture" && alert["products"] == out_of_stock)
            .then_some(())
    });
    assert!(list_items(&client.get_json("/predictions/ruptures")).count() > 0);
    let sandbox = Client::new(&instance.addresses()[2]);
    wait_for("a message reached the sandbox", || {
        let messages: Value = serde_json::from_str(&sandbox.get_text("/admin/messages")).unwrap();
        list_items(&messages).next().map(|_| ())
    });
}

/// Returns the first word of the summary after a key.
fn summary_value<'a>(summary: &'a [String], key: &str) -> &'a str {
    let lines = summary
        .iter()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .into_iter()
        .find(|words| words.first() == Some(&key))
        .unwrap()[1]
}

/// Signs in with the address and the login of the summary.
fn sign_in(instance: &Instance, summary: &[String]) -> Client {
    assert_eq!(
        summary_value(summary, "API"),
        format!("http://{}/api/v1", instance.addresses()[0])
    );
    let demo = summary
        .iter()
        .find_map(|line| line.strip_prefix("  demo "))
        .unwrap();
    let (email, rest) = demo.trim().split_once(" / ").unwrap();
    Client::sign_in(
        &instance.addresses()[0],
        email,
        rest.split(' ').next().unwrap(),
    )
}

/// Returns the number of rows of this kind that imports wrote.
fn imported_rows(client: &Client, kind: &str) -> usize {
    let imports = client.get_json("/imports");
    let written = list_items(&imports)
        .filter(|import| import["kind"] == kind)
        .map(|import| &import["rows_imported"]);
    written
        .map(|rows| usize::try_from(rows.as_u64().unwrap()).unwrap())
        .sum()
}

fn list_items(list: &Value) -> impl Iterator<Item = &Value> {
    list["items"].as_array().unwrap().iter()
}
