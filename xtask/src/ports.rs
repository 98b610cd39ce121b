//! Ports: free ones for private servers, and a clear error for one in use.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, ToSocketAddrs};

use anyhow::{Context, Result, bail};

/// Returns a free port of the loopback address: `preferred` if it is free.
pub(crate) fn find_free_port(preferred: Option<u16>) -> Result<u16> {
    let listener = preferred
        .and_then(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok())
        .map_or_else(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)), Ok)
        .context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Listens on `address`, the value of `key`. The error names the setting to change.
pub(crate) fn bind_address(key: &str, address: &str) -> Result<TcpListener> {
    let resolved = address
        .to_socket_addrs()
        .with_context(|| format!("{key}={address} is not an address such as 127.0.0.1:8080"))?
        .next()
        .filter(|resolved| resolved.port() != 0)
        .with_context(|| {
            format!("{key}={address} has no address and port such as 127.0.0.1:8080")
        })?;
    TcpListener::bind(resolved).or_else(|error| {
        let other = find_free_port(None)?;
        let (cause, ip) = if error.kind() == ErrorKind::AddrInUse {
            (
                "the port is in use by another program, or two of the addresses are the same",
                resolved.ip(),
            )
        } else {
            ("this process may not use it", Ipv4Addr::LOCALHOST.into())
        };
        bail!(
            "cannot listen on {address} ({error}): {cause}\n\
             stop that program, or set another address, for example: \
             {key}={ip}:{other} cargo xtask up"
        );
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_reported_with_the_key_to_set() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = holder.local_addr().unwrap().to_string();
        let message = bind_address("VIGIE_API_ADDR", &address)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains(&address) && message.contains("VIGIE_API_ADDR="),
            "{message}"
        );
    }

    #[test]
    fn an_unusable_address_is_rejected() {
        for address in ["127.0.0.1:0", "127.0.0.1", "8080", ""] {
            let message = bind_address("VIGIE_API_ADDR", address)
                .unwrap_err()
                .to_string();
            assert!(message.contains("VIGIE_API_ADDR"), "{message}");
        }
        // An address reserved for documentation, which no machine has.
        let message = bind_address("VIGIE_API_ADDR", "192.0.2.1:8080")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("VIGIE_API_ADDR=127.0.0.1:") && !message.contains("in use"),
            "{message}"
        );
    }

    #[test]
    fn the_preferred_port_is_used_while_it_is_free() {
        let port = find_free_port(None).unwrap();
        assert_eq!(find_free_port(Some(port)).unwrap(), port);
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert_ne!(find_free_port(Some(port)).unwrap(), port);
        drop(holder);
    }
}
