//! Is somebody too far away, and what brings it nearer?
//!
//! Only distances that have stood for many stamps count, in a view that has come to rest; and a full node gives a link
//! away only when it holds one in its hand that brings more. With less, links are swapped for ever.

use serde::{Deserialize, Serialize};

use super::Overlay;
use super::requests::Why;
use super::words::{Direction, Scene, Standing};
use crate::vocab::{Instant, Link};

/// For so many intervals no origin may have come or gone.
const REST: u32 = 5;

/// So many draws for one far origin that may be asked.
const DRAWS: u32 = 4;

/// An origin is far after so many stamps in a row that came over too many hops.
const FAR_STAMPS: u8 = 6;

/// Whether an origin is far. Whoever keeps origins keeps one for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Distance {
    far_stamps: u8,
}

impl Distance {
    /// A newer stamp has come; the one before it had come over so many hops by its shortest way. What counts is where
    /// it ended, not which copy came first.
    pub(crate) fn on_newer_stamp(&mut self, hops: u32, hops_max: u32) {
        self.far_stamps = if hops > hops_max { self.far_stamps.saturating_add(1) } else { 0 };
    }

    pub(crate) const fn is_far(self) -> bool {
        self.far_stamps >= FAR_STAMPS
    }
}

/// When somebody far is asked next.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Tightening {
    next: Instant,
    doublings: u8,
    /// How many were far the last time.
    far: u32,
}

impl Tightening {
    pub(super) const fn new(now: Instant) -> Self {
        Self { next: now, doublings: 0, far: u32::MAX }
    }
}

impl Overlay {
    /// Asks somebody far for a link. A full node gives one of its own for it, if that brings anybody nearer.
    pub(super) fn tighten(&mut self, scene: &mut Scene<'_>) {
        let rests = scene.now.since(scene.outlook.unchanged_since()) >= self.limits.intervals(REST);
        if self.stall.standing().0 != Standing::Connected || !rests || self.tightening.next > scene.now {
            return;
        }
        let far = scene.outlook.far_origins();
        if far == 0 {
            self.tightening = Tightening::new(scene.now);
            return;
        }
        for _ in 0..DRAWS {
            let Some(peer) = scene.outlook.far(scene.rng) else { break };
            if self.is_eligible(Some(peer.id), peer.addr, scene.now)
                && self.dial((peer.addr, Some(peer.id)), Why::Tighten, 0, scene)
            {
                break;
            }
        }
        let Tightening { doublings, far: before, .. } = self.tightening;
        let doublings = if far >= before { doublings.saturating_add(1) } else { 0 };
        let milli = self.limits.marker_period.saturating_mul(1000);
        let next = scene.now.after(self.limits.pause(milli, doublings, scene.rng));
        self.tightening = Tightening { next, doublings, far };
    }

    /// The own link that is parent of the fewest origins; never the one that brings the sentinel.
    pub(super) fn least_useful(&self, scene: &Scene<'_>) -> Option<Link> {
        let own = self.links.set(|entry| entry.open && entry.direction == Direction::Outgoing);
        let spare = scene.outlook.sentinel().and_then(|sentinel| sentinel.via).map_or(own, |kept| own.without(kept));
        spare.iter().min_by_key(|&link| (scene.outlook.fed_by(link), link))
    }
}
