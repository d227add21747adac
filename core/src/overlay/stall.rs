//! Is this node cut off, and what mends that?
//!
//! Links alone do not say that a node is where the others are: two islands are each well linked. Somebody issues
//! one info again and again, the sentinel; who does not see it is on the wrong island, or on none.

use alloc::vec::Vec;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Overlay;
use super::places::one_of;
use super::requests::Why;
use super::words::{Act, Missed, Scene, Standing};
use crate::vocab::{Instant, NodeId};

/// The pause between two attempts doubles so many times at most.
const DOUBLINGS_MAX: u8 = 5;

/// After so many attempts a node that has never seen the sentinel is let in where there is no room.
const URGENT_TRIES: u8 = 3;

/// How the node stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Stall {
    standing: Standing,
    since: Instant,
    /// Whether it has a link, and since when; or since its start.
    is_linked: bool,
    linked_since: Instant,
    /// Whether it has ever had one.
    was_linked: bool,
    /// How often it has tried to find the sentinel, and when it does so next.
    tries: u8,
    next: Instant,
}

impl Stall {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            standing: Standing::Joining,
            since: now,
            is_linked: false,
            linked_since: now,
            was_linked: false,
            tries: 0,
            next: now,
        }
    }

    pub(super) const fn standing(&self) -> (Standing, Instant) {
        (self.standing, self.since)
    }

    /// It takes no further part.
    pub(super) const fn stop(&mut self, now: Instant) {
        (self.standing, self.since) = (Standing::Stopped, now);
    }

    /// Whether a full node shall let this one in all the same.
    pub(super) const fn is_urgent(&self) -> bool {
        matches!(self.standing, Standing::SentinelMissing(Missed::Never)) && self.tries >= URGENT_TRIES
    }
}

impl Overlay {
    /// Finds out how the node stands, and tells if that has changed.
    pub(super) fn judge(&mut self, scene: &Scene<'_>) {
        let standing = self.standing_now(scene);
        let before = self.stall.standing;
        if standing == before || self.is_stopped() {
            return;
        }
        (self.stall.standing, self.stall.since) = (standing, scene.now);
        if !matches!((before, standing), (Standing::SentinelMissing(_), Standing::SentinelMissing(_))) {
            (self.stall.tries, self.stall.next) = (0, scene.now);
        }
        self.act(Act::Stands(standing));
    }

    fn standing_now(&mut self, scene: &Scene<'_>) -> Standing {
        let is_linked = !self.is_unlinked();
        if is_linked && !self.stall.is_linked {
            self.stall.linked_since = scene.now;
        }
        self.stall.is_linked = is_linked;
        self.stall.was_linked |= is_linked;
        // Who was given no address and knows nobody is not cut off from anybody.
        let is_alone = self.dialling.has_no_bootstraps() && self.nodes <= 1;
        if !is_linked && !is_alone {
            return if self.stall.was_linked { Standing::Orphaned } else { Standing::Joining };
        }
        let age = self.limits.sentinel_age;
        let late = self.limits.intervals(age).saturating_add(scene.outlook.rtt().saturating_mul(age));
        let patience = self.limits.intervals(self.limits.sentinel_patience);
        match scene.outlook.sentinel() {
            Some(sentinel) if scene.now.since(sentinel.since) < late => Standing::Connected,
            _ if scene.now.since(self.stall.linked_since) < patience => Standing::Joining,
            Some(_) => Standing::SentinelMissing(Missed::Late),
            None => Standing::SentinelMissing(Missed::Never),
        }
    }

    /// Looks for another island, where a sentinel of its own is seen as well as here: for somebody who lives and of whom
    /// nothing fresh comes.
    pub(super) fn bridge(&mut self, scene: &mut Scene<'_>) {
        if self.stall.standing != Standing::Connected || self.bridge > scene.now {
            return;
        }
        let milli = self.limits.marker_period.saturating_mul(1000);
        self.bridge = scene.now.after(self.limits.pause(milli, 0, scene.rng));
        let stranger = scene.outlook.stranger(scene.rng).map(|peer| (peer.addr, Some(peer.id)));
        if let Some((addr, id)) = stranger.filter(|&(addr, id)| self.is_eligible(id, addr, scene.now)) {
            self.dial((addr, id), Why::Bridge, 0, scene);
        }
    }

    /// Looks for the sentinel elsewhere, first at the addresses that were given, then also at nodes that others have
    /// named and of which nothing is known here, and at such of which nothing comes any more: they may live on the
    /// other island.
    pub(super) fn mend(&mut self, scene: &mut Scene<'_>) {
        if !matches!(self.stall.standing, Standing::SentinelMissing(_)) || self.stall.next > scene.now {
            return;
        }
        let mut places: Vec<(SocketAddr, Option<NodeId>)> = Vec::new();
        let bootstraps = self.dialling.bootstraps().map(|addr| (addr, None));
        places.extend(bootstraps.filter(|&(addr, id)| self.is_eligible(id, addr, scene.now)));
        if self.stall.tries > 0 {
            let strangers = self.dialling.alternates().filter(|peer| !scene.outlook.is_known(peer.id));
            let strangers = strangers.map(|peer| (peer.addr, Some(peer.id)));
            places.extend(strangers.filter(|&(addr, id)| self.is_eligible(id, addr, scene.now)));
            places.extend(self.lost_place(scene));
        }
        let place = one_of(&places, scene.rng).or_else(|| Some((self.next_bootstrap()?, None)));
        if let Some((addr, id)) = place {
            self.dial((addr, id), Why::Stall, 0, scene);
        }
        let doublings = self.stall.tries.min(DOUBLINGS_MAX);
        self.stall.tries = self.stall.tries.saturating_add(1);
        self.stall.next = scene.now.after(self.limits.pause(1000, doublings, scene.rng));
    }
}
