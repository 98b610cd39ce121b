//! Ports for servers that a test starts, kills and starts again.

use std::net::TcpListener;
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

use uuid::Uuid;

/// Below those that the kernel hands out: a client that looks for a killed server must not be given
/// the server's own port to look from.
const PORTS: Range<u16> = 12_000..30_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port of this machine that nobody listens on.
///
/// # Panics
/// Where all are taken.
pub fn free_port() -> u16 {
    // Processes that test side by side begin at different places.
    let (begin, _) = Uuid::new_v4().as_u64_pair();
    let span = u64::from(PORTS.end - PORTS.start);
    (0..span)
        .map(|_| begin.wrapping_add(u64::from(NEXT.fetch_add(1, Ordering::Relaxed))) % span)
        .filter_map(|offset| u16::try_from(offset).ok())
        .map(|offset| PORTS.start + offset)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one port in thousands is free")
}
