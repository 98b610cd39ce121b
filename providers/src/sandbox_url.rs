//! The address of the sandbox, which must be near: its fixed credentials never leave the machine
//! or its private network.

use std::net::IpAddr;

use url::{Host, Url};

/// Why an address cannot be the sandbox's.
#[derive(Debug, thiserror::Error)]
pub enum SandboxUrlError {
    #[error("sandbox address {0:?} is not a URL")]
    NotAUrl(String),
    #[error("sandbox address must be http, not {0}")]
    NotHttp(String),
    #[error("sandbox host {0} is neither loopback nor private")]
    NotNear(String),
}

/// Returns the address without its last slash, where it is http and near.
pub(crate) fn parse_sandbox_url(text: &str) -> Result<String, SandboxUrlError> {
    let url = Url::parse(text).map_err(|_| SandboxUrlError::NotAUrl(text.to_owned()))?;
    if url.scheme() != "http" {
        return Err(SandboxUrlError::NotHttp(url.scheme().to_owned()));
    }
    let is_near = match url.host() {
        Some(Host::Ipv4(ip)) => is_near_ip(ip.into()),
        Some(Host::Ipv6(ip)) => is_near_ip(ip.into()),
        // A name without a dot resolves inside the machine or the compose network only.
        Some(Host::Domain(name)) => !name.contains('.') || name.ends_with(".localhost"),
        None => false,
    };
    if is_near {
        Ok(url.as_str().trim_end_matches('/').to_owned())
    } else {
        Err(SandboxUrlError::NotNear(
            url.host_str().unwrap_or_default().to_owned(),
        ))
    }
}

fn is_near_ip(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_sandbox_url;

    #[test]
    fn only_near_hosts_are_accepted_as_a_sandbox() {
        for near in [
            "http://127.0.0.1:8090",
            "http://localhost:8090/",
            "http://10.1.2.3",
            "http://sandbox:8090",
            "http://[::1]:1",
            "http://[fd00::1]:1",
        ] {
            assert!(parse_sandbox_url(near).is_ok(), "{near}");
        }
        for far in [
            "http://api.twilio.com",
            "http://8.8.8.8",
            "https://127.0.0.1",
            "127.0.0.1:8090",
            "http://169.254.169.254",
            "http://[2001:db8::1]",
            "http://127.0.0.1.example.com",
        ] {
            assert!(parse_sandbox_url(far).is_err(), "{far}");
        }
    }
}
