//! What tests of real nodes share.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A net for a test that hangs; far beyond what it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again until the answer is right; every question takes the node a turn.
#[allow(dead_code, reason = "tests of tasks wait otherwise")]
pub(crate) fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !reached() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
    }
}
