//! Who is to be left alone, and until when?

use alloc::collections::BTreeMap;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use crate::vocab::{Instant, Rng};

/// The most that are left alone at once; then whoever would be free first is free.
const BACKOFFS_MAX: usize = 128;

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Backoff {
    until: Instant,
    /// How often the next pause is doubled.
    doublings: u8,
}

/// Those who did not give a link, by address: a seed has no other name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Backoffs {
    entries: BTreeMap<SocketAddr, Backoff>,
}

impl Backoffs {
    /// Leaves somebody alone for once to twice so many intervals, and twice as long each time.
    pub(super) fn extend(
        &mut self,
        addr: SocketAddr,
        intervals: u32,
        limits: &Limits,
        (now, rng): (Instant, &mut Rng),
    ) {
        let doublings = self.entries.get(&addr).map_or(0, |backoff| backoff.doublings);
        let until = now.after(limits.pause(intervals.saturating_mul(1000), doublings, rng));
        let doublings = doublings.saturating_add(1).min(limits.doublings_max);
        self.entries.insert(addr, Backoff { until, doublings });
        if self.entries.len() > BACKOFFS_MAX {
            let first = self.entries.iter().min_by_key(|(_, backoff)| backoff.until).map(|(&addr, _)| addr);
            first.map(|addr| self.entries.remove(&addr));
        }
    }

    /// Somebody has given a link.
    pub(super) fn clear(&mut self, addr: SocketAddr) {
        self.entries.remove(&addr);
    }

    /// Whether somebody may be asked.
    pub(super) fn is_over(&self, addr: SocketAddr, now: Instant) -> bool {
        self.entries.get(&addr).is_none_or(|backoff| backoff.until <= now)
    }
}
