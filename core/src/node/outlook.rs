//! What the overlay needs to know of the rest of the node: infos, members, distances.

use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::Networks;
use crate::info::spread::Spread;
use crate::info::{Infos, OriginIx, keys};
use crate::membership::Membership;
use crate::overlay::{Candidate, Distance, Limits, Outlook, Peer, Sentinel};
use crate::vocab::{InfoValue, Instant, Link, NodeId, Rng, Slot};
use crate::wire::Marker;

/// How often a place among all lives is drawn until one is somebody's who can be asked.
const DRAWS: u32 = 16;

/// What is kept of lives and links beside infos, for the overlay alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Notes {
    pub(super) sentinel: Option<Sentinel>,
    /// Since when no life has come or gone.
    pub(super) unchanged_since: Instant,
    /// The most nodes that anybody has reported.
    pub(super) reported: u32,
    /// By place of the life.
    pub(super) distances: alloc::vec::Vec<Distance>,
    pub(super) far: alloc::collections::BTreeSet<OriginIx>,
    pub(super) rtt: Duration,
}

impl Notes {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            sentinel: None,
            unchanged_since: now,
            reported: 1,
            distances: alloc::vec::Vec::new(),
            far: alloc::collections::BTreeSet::new(),
            rtt: Duration::ZERO,
        }
    }

    /// A life's marker was stamped anew; the one before had come over so many hops.
    pub(super) fn on_marker(&mut self, ix: OriginIx, hops: u8, hops_max: u32) {
        if self.distances.len() <= ix.index() {
            self.distances.resize(ix.index() + 1, Distance::default());
        }
        let distance = &mut self.distances[ix.index()];
        distance.on_newer_stamp(hops.into(), hops_max);
        if distance.is_far() {
            self.far.insert(ix);
        } else {
            self.far.remove(&ix);
        }
    }

    /// A link has opened; a question and its answer took so long on the way there.
    pub(super) fn on_round(&mut self, round: Duration) {
        // As for the round-trip time of TCP (RFC 6298): an eighth of each new measurement.
        self.rtt = if self.rtt.is_zero() { round } else { self.rtt * 7 / 8 + round / 8 };
    }

    /// A life is forgotten.
    pub(super) fn forget(&mut self, ix: OriginIx, now: Instant) {
        if let Some(distance) = self.distances.get_mut(ix.index()) {
            *distance = Distance::default();
        }
        self.far.remove(&ix);
        self.unchanged_since = now;
    }

    /// A link is down: nothing comes by it.
    pub(super) fn link_down(&mut self, link: Link) {
        if let Some(sentinel) = &mut self.sentinel {
            sentinel.via = sentinel.via.filter(|&via| via != link);
        }
    }
}

/// All of it, at some time.
pub(super) struct Prospect<'a> {
    pub(super) me: NodeId,
    pub(super) infos: &'a Infos,
    pub(super) spread: &'a Spread,
    pub(super) membership: &'a Membership,
    pub(super) notes: &'a Notes,
    pub(super) limits: Limits,
    pub(super) allowed: &'a Networks,
    /// The embedder's time: infos grow older while the process stands still.
    pub(super) outside: Instant,
}

impl Prospect<'_> {
    /// Where a node listens, by its marker, how many links it serves, and how old the marker is.
    fn marker(&self, id: NodeId) -> Option<(SocketAddr, u8, Duration)> {
        let item = self.infos.get(keys::node_key(id).as_bytes(), self.outside)?;
        let Some(InfoValue::Bytes(bytes)) = item.value else { return None };
        let Marker { addr, incoming } =
            Marker::decode(bytes).filter(|marker| self.allowed.contain(marker.addr.ip()))?;
        let left = Duration::from_millis(item.left_ms.unwrap_or(0).into());
        Some((addr, incoming, self.limits.marker_life().saturating_sub(left)))
    }

    /// Somebody at random whose marker is fresh, or just not.
    fn draw(&self, rng: &mut Rng, fresh: bool) -> Option<Candidate> {
        for _ in 0..DRAWS {
            let Some(id) = self.infos.random_origin(rng).map(|origin| origin.id).filter(|&id| id != self.me) else {
                continue;
            };
            if let Some((addr, incoming, age)) = self.marker(id)
                && fresh == (age <= self.limits.marker_fresh())
            {
                return Some(Candidate { peer: Peer { id, addr }, incoming });
            }
        }
        None
    }
}

impl Prospect<'_> {
    /// A live member at random, if nothing fresh of it comes here: after a restart that kept only the members, or on
    /// another island.
    fn draw_member(&self, rng: &mut Rng) -> Option<Peer> {
        let slot = self.membership.choose(rng, |slot, health| slot != Slot::SELF && health.is_live())?;
        let id = self.membership.record(slot).id;
        (!self.is_fresh(id)).then(|| Peer { id, addr: self.membership.addr(slot) })
    }
}

impl Outlook for Prospect<'_> {
    fn nodes(&self) -> u32 {
        self.membership.live().max(self.notes.reported)
    }

    fn rtt(&self) -> Duration {
        self.notes.rtt
    }

    fn sentinel(&self) -> Option<Sentinel> {
        self.notes.sentinel
    }

    fn unchanged_since(&self) -> Instant {
        self.notes.unchanged_since
    }

    fn fresh(&self, rng: &mut Rng) -> Option<Candidate> {
        self.draw(rng, true)
    }

    fn lost(&self, rng: &mut Rng) -> Option<Peer> {
        self.draw(rng, false).map(|candidate| candidate.peer).or_else(|| self.draw_member(rng))
    }

    fn stranger(&self, rng: &mut Rng) -> Option<Peer> {
        self.draw_member(rng)
    }

    fn is_known(&self, id: NodeId) -> bool {
        self.marker(id).is_some()
    }

    fn is_fresh(&self, id: NodeId) -> bool {
        self.marker(id).is_some_and(|(.., age)| age <= self.limits.marker_fresh())
    }

    fn far_origins(&self) -> u32 {
        u32::try_from(self.notes.far.len()).unwrap_or(u32::MAX)
    }

    fn far(&self, rng: &mut Rng) -> Option<Peer> {
        let count = u32::try_from(self.notes.far.len()).ok().filter(|&count| count > 0)?;
        let ix = *self.notes.far.iter().nth(rng.below(count) as usize)?;
        let id = self.infos.origin_at(ix).origin.id;
        self.marker(id).map(|(addr, ..)| Peer { id, addr })
    }

    fn fed_by(&self, link: Link) -> u32 {
        self.spread.parent_of(link)
    }
}
