//! What tests of real nodes share.

#![allow(dead_code, reason = "every test binary uses its own part")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A net for a test that hangs; far beyond what it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// As [`LOOPBACK`], of IPv6.
#[track_caller]
pub(crate) fn loopback_v6() -> SocketAddr {
    let loopback = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0);
    if let Err(error) = UdpSocket::bind(loopback) {
        panic!("this machine has no IPv6 loopback, without which IPv6 is not tested: {error}");
    }
    loopback
}

/// Asks again until the answer is right; every question takes the node a turn.
pub(crate) fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !reached() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
    }
}

/// A folder that goes with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("quidnunc-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for a test");
        Self(path)
    }

    /// Where a file of that name lies, or will.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
