//! What `up` refuses before it starts anything, and what it says then.

use std::net::TcpListener;

use crate::support::{ADDRESSES, Place, Run};

/// What a run says that fails before it starts anything.
fn refusal(mut run: Run) -> String {
    assert_eq!(run.ended().code(), Some(1));
    assert!(!run.says("==> starting"), "{:?}", run.said);
    run.said.join("\n")
}

#[test]
fn a_port_that_is_taken_is_named_with_what_to_set() {
    let place = Place::new();
    for (key, address) in ADDRESSES.iter().zip(place.addresses()) {
        let _holder = TcpListener::bind(address).unwrap();
        let said = refusal(place.up(&[]));
        assert!(
            said.contains(address) && said.contains(&format!("{key}=127.0.0.1:")),
            "{said}"
        );
    }
}

#[test]
fn two_addresses_that_are_one_are_refused() {
    let place = Place::new();
    let [api, ..] = place.addresses();
    let said = refusal(place.up_with(&[], "VIGIE_SANDBOX_ADDR", api));
    assert!(
        said.contains(api) && said.contains("VIGIE_SANDBOX_ADDR=127.0.0.1:"),
        "{said}"
    );
}

#[test]
fn a_database_of_the_users_own_is_never_started_over() {
    let place = Place::new();
    let said = refusal(place.up_with(
        &["--fresh"],
        "DATABASE_URL",
        "postgres://ada@127.0.0.1:1/hers",
    ));
    assert!(said.contains("DATABASE_URL is yours"), "{said}");
}
