//! Ports: free ones for private servers, and a clear word about one that is taken.

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

/// Fails with what to set where somebody else listens on `address`, the value of `key`.
pub(crate) fn must_be_free(key: &str, address: &str) -> Result<()> {
    let resolved = address
        .to_socket_addrs()
        .with_context(|| format!("{key}={address} is no address such as 127.0.0.1:8080"))?
        .next()
        .with_context(|| format!("{key}={address} names no address"))?;
    if let Err(error) = TcpListener::bind(resolved) {
        let other = free(None)?;
        bail!(
            "{address} can't be listened on ({error}): another program has the port\n\
             stop that program, or choose another port, for example: {key}={}:{other} cargo xtask up",
            resolved.ip()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_the_key_to_set() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = holder.local_addr().unwrap().to_string();
        let message = must_be_free("VIGIE_API_ADDR", &address).unwrap_err().to_string();
        assert!(message.contains(&address) && message.contains("VIGIE_API_ADDR="), "{message}");
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
