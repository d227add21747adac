//! How does a source prove that it receives what is sent to its address, without our remembering it?
//!
//! The cookie is a keyed function of the address and a slow clock. Whoever can send it back has received
//! it. Nothing is stored per source, so a flood of strangers costs no memory.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng};

use serde::{Deserialize, Serialize};

use crate::vocab::{Cookie, Instant, Rng, nanos};

/// How long a cookie is good: between one and two of these.
const EPOCH: Duration = Duration::from_secs(10);

/// What a cookie is good for; one for another use is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// To join.
    Join,
    /// To answer a summary with a digest.
    Digest,
    /// To ask for records.
    Wants,
    /// To answer a summary of maps with a digest.
    StateDigest,
    /// To ask for changes of maps.
    Asks,
    /// To ask for a link.
    Link,
    /// To settle which of two nodes keeps an identity.
    Claim,
}

/// The secret from which this node's cookies are made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cookies {
    secret: [u8; 16],
}

impl Cookies {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let mut secret = [0; 16];
        secret[..8].copy_from_slice(&rng.next().to_le_bytes());
        secret[8..].copy_from_slice(&rng.next().to_le_bytes());
        Self { secret }
    }

    /// The cookie that an address gets now.
    pub(crate) fn bake(&self, for_use: Use, addr: SocketAddr, now: Instant) -> Cookie {
        self.cookie(for_use, addr, epoch(now))
    }

    /// Whether this is a cookie that the address got lately.
    pub(crate) fn accepts(&self, for_use: Use, cookie: Cookie, addr: SocketAddr, now: Instant) -> bool {
        let epoch = epoch(now);
        let of = |epoch| self.cookie(for_use, addr, epoch);
        cookie == of(epoch) || epoch.checked_sub(1).is_some_and(|last| cookie == of(last))
    }

    /// One ChaCha8 block, keyed by secret and address, on the stream of use, epoch and port.
    fn cookie(&self, for_use: Use, addr: SocketAddr, epoch: u64) -> Cookie {
        let ip = match addr.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        let mut key = [0; 32];
        key[..16].copy_from_slice(&self.secret);
        key[16..].copy_from_slice(&ip.octets());
        let mut prf = ChaCha8Rng::from_seed(key);
        // 2^64 ns are fewer than 2^31 epochs.
        prf.set_stream((for_use as u64) << 60 | epoch << 16 | u64::from(addr.port()));
        Cookie(prf.next_u64().to_le_bytes())
    }
}

fn epoch(now: Instant) -> u64 {
    now.as_nanos() / nanos(EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::NodeId;

    #[test]
    fn a_cookie_belongs_to_one_address_and_use_and_grows_stale() {
        let cookies = Cookies::new(&mut Rng::new(1, NodeId::from_u128(1), 1));
        let (here, there) = (SocketAddr::from(([10, 0, 0, 1], 7946)), SocketAddr::from(([10, 0, 0, 1], 7947)));
        let now = Instant::from_nanos(25_000_000_000);
        let cookie = cookies.bake(Use::Join, here, now);
        assert!(cookies.accepts(Use::Join, cookie, here, now));
        assert!(cookies.accepts(Use::Join, cookie, here, now.after(EPOCH)));
        assert!(!cookies.accepts(Use::Join, cookie, here, now.after(EPOCH * 2)));
        assert!(!cookies.accepts(Use::Join, cookie, there, now));
        assert!(!cookies.accepts(Use::Wants, cookie, here, now));
    }
}
