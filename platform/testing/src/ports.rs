//! Ports for servers that a test starts, kills and starts again.

use std::net::TcpListener;
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

use uuid::Uuid;

/// Below the kernel's ephemeral ports: a client that reconnects to a killed server must not be
/// assigned the server's own port.
const PORTS: Range<u16> = 12_000..30_000;

static NEXT_OFFSET: AtomicU16 = AtomicU16::new(0);

/// Finds a port of this machine that nobody listens on.
pub fn free_port() -> u16 {
    // Test processes that run side by side begin at different offsets.
    let (begin, _) = Uuid::new_v4().as_u64_pair();
    let span = u64::from(PORTS.end - PORTS.start);
    (0..span)
        .map(|_| begin.wrapping_add(u64::from(NEXT_OFFSET.fetch_add(1, Ordering::Relaxed))) % span)
        .filter_map(|offset| u16::try_from(offset).ok())
        .map(|offset| PORTS.start + offset)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one port in thousands is free")
}
