//! The life of one `up`: killed, gone on with, looked at, stopped, taken up again, begun anew.

use std::fs::File;
use std::io::Write as _;
use std::net::TcpListener;

use serde_json::Value;

use crate::support::{Client, Family, Place, Run, Stranger, eventually};

const CHILDREN: [&str; 4] = ["postgres", "redis-server", "sandbox", "vigie"];

#[test]
fn up_goes_on_after_a_kill_keeps_its_data_starts_over_and_leaves_nothing_behind() {
    let place = Place::new();
    let mut stranger = Stranger::start();
    let summary = goes_on_after_a_kill(&place, &stranger);
    ends_where_one_of_its_own_ends(&place, &summary);
    starts_over(&place);
    dies_with_all_of_its_own(&place);
    assert!(stranger.lives());
}

/// The first run is killed in the middle, where nobody tells its children; the second ends them, goes on, and
/// is stopped by Ctrl-C. Gives what that one told.
fn goes_on_after_a_kill(place: &Place, stranger: &Stranger) -> Vec<String> {
    place.without_death_signal();
    let mut first = place.up(&[]);
    first.until_it_says("importing the demo company's sales");
    let left = family(&first);
    first.kill();
    assert!(left.is_whole());
    // A number of the killed run that the system has given to another since.
    let mut pids = File::options()
        .append(true)
        .open(place.folder.join("pids"))
        .unwrap();
    writeln!(pids, "sandbox {} 1", stranger.id()).unwrap();

    place.with_death_signal();
    let mut second = place.up(&[]);
    let summary = second.summary();
    for name in ["postgres", "redis", "sandbox", "vigie"] {
        assert!(
            second.says(&format!("stopping {name} (process")),
            "{:?}",
            second.said
        );
    }
    assert_eq!(left.living(), [""; 0]);
    expect_the_demo(place, &summary);
    refuses_another(place);
    let family = family(&second);
    second.interrupt();
    assert!(second.ended().success() && second.says("the data is kept"));
    expect_nothing_left(place, &family);
    summary
}

fn refuses_another(place: &Place) {
    let mut other = place.up(&["--fresh"]);
    assert_eq!(other.ended().code(), Some(1));
    assert!(
        other.says("runs already") && other.says(place.folder.to_str().unwrap()),
        "{:?}",
        other.said
    );
}

/// The third run tells and holds what the second did, and ends with its sandbox.
fn ends_where_one_of_its_own_ends(place: &Place, summary: &[String]) {
    let mut run = place.up(&[]);
    assert_eq!(run.summary(), summary);
    assert!(!run.says("importing"), "{:?}", run.said);
    expect_the_demo(place, summary);
    let family = family(&run);
    family.kill("sandbox");
    assert_eq!(run.ended().code(), Some(1));
    assert!(run.says("sandbox ended"), "{:?}", run.said);
    expect_nothing_left(place, &family);
}

/// The fourth knows nobody, and is told to stop before it has told anything.
fn starts_over(place: &Place) {
    let mut run = place.up(&["--fresh"]);
    run.until_it_says("registering the demo user");
    let family = family(&run);
    run.signal("TERM");
    assert!(run.ended().success(), "{:?}", run.said);
    expect_nothing_left(place, &family);
}

/// The fifth is killed where the kernel tells its children: they need no other run to stop them.
fn dies_with_all_of_its_own(place: &Place) {
    let mut run = place.up(&[]);
    run.until_it_says("importing");
    let family = family(&run);
    run.kill();
    eventually("its children are gone", || {
        family.living().is_empty().then_some(())
    });
    expect_nothing_left(place, &family);
}

/// What a run has started, where Ctrl-C doesn't reach it but through the run.
fn family(run: &Run) -> Family {
    let family = Family::of(run.id());
    assert_eq!(family.children(), CHILDREN);
    assert!(family.is_apart());
    family
}

/// No process is left, and the addresses can be listened on again.
fn expect_nothing_left(place: &Place, family: &Family) {
    assert_eq!(family.living(), [""; 0]);
    for address in place.addresses() {
        assert!(TcpListener::bind(address).is_ok(), "{address}");
    }
}

/// What the summary tells is true: something answers at each address; the login is let in and finds each line
/// of the files once, alerts for what has run out, and the messages about them.
fn expect_the_demo(place: &Place, summary: &[String]) {
    let look = |key: &str| -> String {
        let (address, path) = told(summary, key)
            .split_once("://")
            .unwrap()
            .1
            .split_once('/')
            .unwrap();
        Client::new(address).text(&format!("/{path}"))
    };
    assert!(look("metrics").contains("vigie_"));
    assert!(look("health").contains("ok"));
    assert!(look("sandbox").contains("<html"));
    let client = signed_in(place, summary);
    for kind in ["products", "sales", "stock_counts"] {
        let lines = place.demo_file(kind).lines().count() - 1;
        assert_eq!(imported(&client, kind), lines, "{kind}");
    }
    let out = place
        .demo_file("stock_counts")
        .lines()
        .filter(|line| line.split(',').nth(1) == Some("0"))
        .count();
    assert!(out > 0);
    eventually("the alert names every product that has run out", || {
        let alerts = client.get("/alerts?state=open");
        items(&alerts)
            .any(|alert| alert["kind"] == "rupture" && alert["products"] == out)
            .then_some(())
    });
    assert!(items(&client.get("/predictions/ruptures")).count() > 0);
    let sandbox = Client::new(&place.addresses()[2]);
    eventually("a message has reached the sandbox", || {
        let messages: Value = serde_json::from_str(&sandbox.text("/admin/messages")).unwrap();
        items(&messages).next().map(|_| ())
    });
}

/// The first word that the summary has under a key.
fn told<'a>(summary: &'a [String], key: &str) -> &'a str {
    let lines = summary
        .iter()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    lines
        .into_iter()
        .find(|words| words.first() == Some(&key))
        .unwrap()[1]
}

/// By the API's address and the login that the summary tells.
fn signed_in(place: &Place, summary: &[String]) -> Client {
    assert_eq!(
        told(summary, "API"),
        format!("http://{}/api/v1", place.addresses()[0])
    );
    let demo = summary
        .iter()
        .find_map(|line| line.strip_prefix("  demo "))
        .unwrap();
    let (email, rest) = demo.trim().split_once(" / ").unwrap();
    Client::signed_in(
        &place.addresses()[0],
        email,
        rest.split(' ').next().unwrap(),
    )
}

/// Lines of that kind which imports have written.
fn imported(client: &Client, kind: &str) -> usize {
    let imports = client.get("/imports");
    let written = items(&imports)
        .filter(|import| import["kind"] == kind)
        .map(|import| &import["rows_imported"]);
    written
        .map(|rows| usize::try_from(rows.as_u64().unwrap()).unwrap())
        .sum()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list["items"].as_array().unwrap().iter()
}
