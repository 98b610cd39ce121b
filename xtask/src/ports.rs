//! Ports: free ones for private servers, and a clear word about one that is taken.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, ToSocketAddrs};

use anyhow::{Context, Result, bail};

/// A free port of the loopback address; the one of last time where it is still free.
pub(crate) fn free(wanted: Option<u16>) -> Result<u16> {
    let listener = wanted
        .and_then(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok())
        .map_or_else(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)), Ok)
        .context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Listens on `address`, the value of `key`; fails with what to set where that can't be.
pub(crate) fn listen(key: &str, address: &str) -> Result<TcpListener> {
    let resolved = address
        .to_socket_addrs()
        .with_context(|| format!("{key}={address} is no address such as 127.0.0.1:8080"))?
        .next()
        .filter(|resolved| resolved.port() != 0)
        .with_context(|| {
            format!("{key}={address} names no address and port such as 127.0.0.1:8080")
        })?;
    TcpListener::bind(resolved).or_else(|error| {
        let other = free(None)?;
        let (cause, ip) = if error.kind() == ErrorKind::AddrInUse {
            ("another program has the port, or another of our own addresses is the same", resolved.ip())
        } else {
            ("it is none that we may use", Ipv4Addr::LOCALHOST.into())
        };
        bail!(
            "{address} can't be listened on ({error}): {cause}\n\
             stop that program, or choose another address, for example: {key}={ip}:{other} cargo xtask up"
        );
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_the_key_to_set() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = holder.local_addr().unwrap().to_string();
        let message = listen("VIGIE_API_ADDR", &address).unwrap_err().to_string();
        assert!(
            message.contains(&address) && message.contains("VIGIE_API_ADDR="),
            "{message}"
        );
    }

    #[test]
    fn an_address_that_nobody_could_find_is_refused() {
        for address in ["127.0.0.1:0", "127.0.0.1", "8080", ""] {
            let message = listen("VIGIE_API_ADDR", address).unwrap_err().to_string();
            assert!(message.contains("VIGIE_API_ADDR"), "{message}");
        }
        // An address for documentation, which no machine has.
        let message = listen("VIGIE_API_ADDR", "192.0.2.1:8080")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("VIGIE_API_ADDR=127.0.0.1:") && !message.contains("another program"),
            "{message}"
        );
    }

    #[test]
    fn the_port_of_last_time_is_kept_while_it_is_free() {
        let port = free(None).unwrap();
        assert_eq!(free(Some(port)).unwrap(), port);
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert_ne!(free(Some(port)).unwrap(), port);
        drop(holder);
    }
}
