//! The HTTP connections that every client shares: timeouts, TLS and proxies.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder};

use crate::SetupError;

/// How long a call may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until the connection is established.
    pub connect: Duration,
    /// From the first byte sent to the last byte received.
    pub total: Duration,
}

impl Timeouts {
    /// The sandbox is on the same machine, so that a late response is a fault.
    pub(crate) const SANDBOX: Self = Self {
        connect: Duration::from_secs(5),
        total: Duration::from_secs(5),
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(20),
        }
    }
}

/// Makes the connection pool for the real services.
pub(crate) fn live_client(timeouts: Timeouts) -> Result<Client, SetupError> {
    // Fails only where a cryptography provider is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    build_client(Client::builder(), timeouts)
}

/// Makes the connection pool for the sandbox. It trusts no certificate and uses no proxy, so that
/// it can only speak plain HTTP to a near address and needs no certificate store.
pub(crate) fn sandbox_client(timeouts: Timeouts) -> Result<Client, SetupError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| SetupError::Client(e.to_string()))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    build_client(
        Client::builder().no_proxy().tls_backend_preconfigured(tls),
        timeouts,
    )
}

fn build_client(builder: ClientBuilder, timeouts: Timeouts) -> Result<Client, SetupError> {
    builder
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("vigie")
        .build()
        .map_err(|e| SetupError::Client(e.to_string()))
}
