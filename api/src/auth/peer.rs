//! The address of a client, for limits per address.
//!
//! Behind a proxy, the connection shows only the proxy. Anybody can send `X-Forwarded-For`, so only
//! the entries that trusted proxies appended count.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::App;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The addresses of our own proxies; empty by default.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl FromStr for TrustedProxies {
    type Err = String;

    /// Parses addresses and CIDR ranges, separated by commas.
    fn from_str(text: &str) -> Result<Self, String> {
        let parse_range = |part: &str| {
            let address = part.parse::<IpAddr>().map(IpNet::from);
            address
                .or_else(|_| part.parse())
                .map_err(|_| format!("{part:?} is neither an address nor a CIDR range"))
        };
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(parse_range)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl TrustedProxies {
    fn is_trusted(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(&address))
    }

    /// Returns the nearest address that isn't a trusted proxy. An entry that is no address ends the
    /// search.
    fn find_client(&self, connection: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .filter_map(|line| line.to_str().ok());
        let entries: Vec<_> = lines.flat_map(|line| line.split(',')).collect();
        let mut nearest = connection.to_canonical();
        for entry in entries.into_iter().rev() {
            if !self.is_trusted(nearest) {
                break;
            }
            let Some(address) = parse_address(entry) else {
                break;
            };
            nearest = address;
        }
        nearest
    }
}

/// Parses an entry of `X-Forwarded-For`; some proxies append the port.
fn parse_address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let address = entry
        .parse()
        .or_else(|_| entry.parse::<SocketAddr>().map(|whole| whole.ip()))
        .ok();
    address.map(|address: IpAddr| address.to_canonical())
}

/// The address of the client, or the unspecified address if it is unknown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(IpAddr);

impl Peer {
    /// The key that attempts are counted by: for IPv6 the /64 network, because one household has
    /// 2^64 addresses.
    pub(crate) fn rate_limit_key(self) -> String {
        match self.0 {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                format!("{}/64", Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))
            }
        }
    }
}

impl FromRequestParts<App> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let connection = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        let connection = connection.unwrap_or(IpAddr::from([0, 0, 0, 0]));
        Ok(Self(
            app.trusted_proxies()
                .find_client(connection, &parts.headers),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_behind(trusted: &str, connection: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let trusted: TrustedProxies = trusted.parse().unwrap();
        Peer(trusted.find_client(connection.parse().unwrap(), &headers)).rate_limit_key()
    }

    #[test]
    fn only_entries_of_trusted_proxies_count() {
        for (trusted, connection, lines, expected) in [
            ("", "10.0.0.1", &["1.2.3.4"][..], "10.0.0.1"),
            ("10.0.0.0/8", "10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.0/8", "10.0.0.1", &["1.2.3.4"], "1.2.3.4"),
            ("10.0.0.0/8", "10.0.0.1", &["9.9.9.9, 1.2.3.4"], "1.2.3.4"),
            (
                "10.0.0.0/8",
                "10.0.0.1",
                &["9.9.9.9, 1.2.3.4, 10.0.0.2"],
                "1.2.3.4",
            ),
            (
                "10.0.0.0/8",
                "10.0.0.1",
                &["9.9.9.9", "1.2.3.4", "10.0.0.2"],
                "1.2.3.4",
            ),
            ("10.0.0.0/8", "5.5.5.5", &["1.2.3.4"], "5.5.5.5"),
            (
                "10.0.0.1, 10.0.0.2",
                "10.0.0.1",
                &["1.2.3.4, nonsense"],
                "10.0.0.1",
            ),
            ("10.0.0.1", "::ffff:10.0.0.1", &["1.2.3.4:5678"], "1.2.3.4"),
            (
                "fd00::/8",
                "fd00::1",
                &["2001:db8:1:2:3:4:5:6"],
                "2001:db8:1:2::/64",
            ),
            (
                "fd00::/8",
                "fd00::1",
                &["[2001:db8:1:2::9]:443"],
                "2001:db8:1:2::/64",
            ),
        ] {
            assert_eq!(
                key_behind(trusted, connection, lines),
                expected,
                "{trusted} {connection} {lines:?}"
            );
        }
    }

    #[test]
    fn an_invalid_proxy_list_is_rejected_at_startup() {
        assert!(
            "10.0.0.0/8, proxy"
                .parse::<TrustedProxies>()
                .unwrap_err()
                .contains("proxy")
        );
        assert!("10.0.0.0/33".parse::<TrustedProxies>().is_err());
    }
}
