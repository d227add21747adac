//! How many links may a node have, how far may others be, and how long is anything waited for?
//!
//! All waits count in intervals, the pace at which the overlay looks at itself, and where an answer is waited for
//! in measured round trips too.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Instant, LINKS_MAX, Rng, log10_ceil, nanos};

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// The unit of all waits below.
    pub(crate) interval: Duration,
    /// A node wants at least so many outgoing links, however small the cluster is. With 3 one small cluster in ten is
    /// split when a third of it dies at once; with 5 one in a hundred.
    pub(crate) outgoing_min: u8,
    /// And at most so many, however large it is.
    pub(crate) outgoing_max: u8,
    /// It serves so many times as many: with fewer than 1.5 times, most nodes are full and most requests in vain.
    pub(crate) incoming_mult: u8,
    /// A link ends when nothing came over it for so many intervals, and one round trip. At least 3: there must be time
    /// to ask, which begins after 2.
    pub(crate) lease: u32,
    /// The own marker is stamped anew every so many intervals.
    pub(crate) marker_period: u32,
    /// For so many intervals after its first link a node does not miss the sentinel.
    pub(crate) sentinel_patience: u32,
    /// A sentinel is missed when it is older than so many intervals and as many round trips.
    pub(crate) sentinel_age: u32,
    /// Who refused is left alone for once to twice so many intervals.
    pub(crate) refused_pause: u32,
    /// Who did not answer is left alone for once to twice so many.
    pub(crate) failed_pause: u32,
    /// Such a pause doubles with each repetition, so many times at most.
    pub(crate) doublings_max: u8,
}

/// How many links a node may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caps {
    /// As many outgoing links are wanted, and no more are allowed; requests without an answer count.
    pub(crate) outgoing: usize,
    pub(crate) incoming: usize,
}

/// The table of links has room for all that the largest caps allow.
const OUTGOING_MAX: usize = 20;
const INCOMING_MAX: usize = LINKS_MAX - OUTGOING_MAX;

impl Limits {
    /// What has settled at every size from 3 to 1000 nodes.
    pub(crate) const fn new(interval: Duration) -> Self {
        Self {
            interval,
            outgoing_min: 5,
            outgoing_max: 10,
            incoming_mult: 2,
            lease: 3,
            marker_period: 10,
            sentinel_patience: 4,
            sentinel_age: 6,
            refused_pause: 1,
            failed_pause: 4,
            doublings_max: 6,
        }
    }

    /// The caps in a cluster of so many nodes: the cube root of the size, rounded up, within what is set.
    pub(crate) fn caps(&self, nodes: u32) -> Caps {
        let root = (1..self.outgoing_max).find(|&root| u32::from(root).pow(3) >= nodes).unwrap_or(self.outgoing_max);
        let outgoing = usize::from(root.max(self.outgoing_min)).clamp(1, OUTGOING_MAX);
        let incoming = outgoing.saturating_mul(self.incoming_mult.into()).clamp(1, INCOMING_MAX);
        Caps { outgoing, incoming }
    }

    /// An origin is far in a cluster of so many nodes when its infos come over more hops than this.
    pub(crate) fn hops_max(nodes: u32) -> u32 {
        2 * log10_ceil(nodes) + 1
    }

    /// So many intervals.
    pub(crate) const fn intervals(&self, count: u32) -> Duration {
        self.interval.saturating_mul(count)
    }

    /// So many thousandths of an interval.
    pub(crate) fn milli(&self, count: u32) -> Duration {
        self.intervals(count) / 1000
    }

    /// A marker that was stamped within this time belongs to a node that may be asked for a link.
    pub(crate) fn marker_fresh(&self) -> Duration {
        self.milli(self.marker_period.saturating_mul(1250).saturating_add(2000))
    }

    /// A marker that has not been stamped for this long belongs to nobody.
    pub(crate) const fn marker_life(&self) -> Duration {
        self.intervals(self.marker_period.saturating_mul(3))
    }

    /// For how long a link is kept over which nothing comes.
    pub(crate) fn lease_length(&self, rtt: Duration) -> Duration {
        self.intervals(self.lease).saturating_add(rtt)
    }

    /// How long the answer to one request is waited for: half an interval and 1.2 round trips.
    pub(crate) fn answer(&self, rtt: Duration) -> Duration {
        self.milli(500).saturating_add(rtt).saturating_add(rtt / 5)
    }

    /// For how long a place is kept for somebody who was accepted and has not confirmed: 4 intervals and 2.5 round
    /// trips, as long as three requests may take.
    pub(crate) fn provisional(&self, rtt: Duration) -> Duration {
        self.intervals(4).saturating_add(rtt.saturating_mul(5) / 2)
    }

    /// Once to twice so many thousandths of an interval, doubled so many times.
    pub(crate) fn pause(&self, milli: u32, doublings: u8, rng: &mut Rng) -> Duration {
        let factor = 1_u32.checked_shl(doublings.min(self.doublings_max).into()).unwrap_or(u32::MAX);
        let least = nanos(self.milli(milli).saturating_mul(factor));
        rng.nanos_in(least..least.saturating_mul(2))
    }

    /// A period of about one interval, 0.75 to 1.25, so that nodes that began together do not stay together.
    pub(crate) fn period(&self, rng: &mut Rng) -> Duration {
        rng.nanos_in(nanos(self.milli(750))..nanos(self.milli(1250)))
    }

    /// A random instant within so many thousandths of an interval.
    pub(crate) fn soon(&self, milli: u32, now: Instant, rng: &mut Rng) -> Instant {
        now.after(rng.within(self.milli(milli)))
    }
}
