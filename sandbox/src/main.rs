//! The sandbox as a process.
//!
//! Environment: `VIGIE_SANDBOX_ADDR` (127.0.0.1:8090), `VIGIE_SANDBOX_STATE` (a file that keeps the
//! state over restarts), `VIGIE_PUBLIC_URL` (the product, which receives webhooks).

use std::path::PathBuf;

use anyhow::Context;
use sandbox::{Sandbox, Settings};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().init();
    let address = read_variable("VIGIE_SANDBOX_ADDR").unwrap_or_else(|| "127.0.0.1:8090".into());
    let settings = Settings::with_webhooks(read_variable("VIGIE_PUBLIC_URL").as_deref());
    let state = read_variable("VIGIE_SANDBOX_STATE").map(PathBuf::from);
    let sandbox = Sandbox::open(settings, state).context("VIGIE_SANDBOX_STATE not readable")?;
    let listener = TcpListener::bind(&address)
        .await
        .with_context(|| format!("VIGIE_SANDBOX_ADDR: {address} not bound"))?;
    tracing::info!(
        "provider sandbox listening on http://{}",
        listener.local_addr()?
    );
    tokio::select! {
        () = sandbox::serve_sandbox(listener, sandbox) => {}
        () = wait_for_stop() => {}
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this executable that reads the environment"
)]
fn read_variable(key: &str) -> Option<String> {
    std::env::var(key).ok().filter(|value| !value.is_empty())
}

async fn wait_for_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
