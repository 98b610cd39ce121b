//! Where a request comes from, for limits per address. Behind a proxy the connection says only which proxy; the
//! header that tells the rest is anybody's to write, so it is believed as far as proxies that are trusted wrote it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::App;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The addresses of our own proxies; none unless said.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl FromStr for TrustedProxies {
    type Err = String;

    /// Addresses and CIDR ranges, with commas between.
    fn from_str(text: &str) -> Result<Self, String> {
        let range = |part: &str| {
            let alone = part.parse::<IpAddr>().map(IpNet::from);
            alone
                .or_else(|_| part.parse())
                .map_err(|_| format!("{part:?} is neither an address nor a CIDR range"))
        };
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(range)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl TrustedProxies {
    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(&address))
    }

    /// The nearest address that isn't one of ours; an entry that is no address ends the search.
    fn client(&self, connection: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .filter_map(|line| line.to_str().ok());
        let entries: Vec<_> = lines.flat_map(|line| line.split(',')).collect();
        let mut nearest = connection.to_canonical();
        for entry in entries.into_iter().rev() {
            if !self.trust(nearest) {
                break;
            }
            let Some(address) = read_address(entry) else {
                break;
            };
            nearest = address;
        }
        nearest
    }
}

/// Some proxies write the port too.
fn read_address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let address = entry
        .parse()
        .or_else(|_| entry.parse::<SocketAddr>().map(|whole| whole.ip()))
        .ok();
    address.map(|address: IpAddr| address.to_canonical())
}

/// Where the request comes from; the unspecified address when nothing says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(IpAddr);

impl Peer {
    /// What its tries are counted under: of IPv6 the network, as a household has 2^64 addresses.
    pub(crate) fn key(self) -> String {
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
            app.trusted_proxies().client(connection, &parts.headers),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(trusted: &str, connection: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let trusted: TrustedProxies = trusted.parse().unwrap();
        Peer(trusted.client(connection.parse().unwrap(), &headers)).key()
    }

    #[test]
    fn the_header_is_believed_as_far_as_trusted_proxies_wrote_it() {
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
                key(trusted, connection, lines),
                expected,
                "{trusted} {connection} {lines:?}"
            );
        }
    }

    #[test]
    fn what_is_no_address_is_refused_at_the_start() {
        assert!(
            "10.0.0.0/8, proxy"
                .parse::<TrustedProxies>()
                .unwrap_err()
                .contains("proxy")
        );
        assert!("10.0.0.0/33".parse::<TrustedProxies>().is_err());
    }
}
