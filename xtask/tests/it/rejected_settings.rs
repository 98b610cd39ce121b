//! Settings that `up` rejects before it starts anything.

use std::net::TcpListener;

use crate::support::{ADDRESSES, Instance, Run};

/// Returns the output of a run that fails before it starts anything.
fn rejection(mut run: Run) -> String {
    assert_eq!(run.wait_for_exit().code(), Some(1));
    assert!(!run.printed("==> starting"), "{:?}", run.output);
    run.output.join("\n")
}

#[test]
fn a_port_in_use_is_reported_with_the_key_to_set() {
    let instance = Instance::new();
    for (key, address) in ADDRESSES.iter().zip(instance.addresses()) {
        let _holder = TcpListener::bind(address).unwrap();
        let output = rejection(instance.start_up(&[]));
        assert!(
            output.contains(address) && output.contains(&format!("{key}=127.0.0.1:")),
            "{output}"
        );
    }
}

#[test]
fn two_equal_addresses_are_rejected() {
    let instance = Instance::new();
    let [api, ..] = instance.addresses();
    let output = rejection(instance.start_up_with(&[], "VIGIE_SANDBOX_ADDR", api));
    assert!(
        output.contains(api) && output.contains("VIGIE_SANDBOX_ADDR=127.0.0.1:"),
        "{output}"
    );
}

#[test]
fn a_database_of_the_user_is_never_deleted() {
    let instance = Instance::new();
    let output = rejection(instance.start_up_with(
        &["--fresh"],
        "DATABASE_URL",
        "postgres://ada@127.0.0.1:1/hers",
    ));
    assert!(output.contains("DATABASE_URL is yours"), "{output}");
}
