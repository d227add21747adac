//! What does a node of the model know?
//!
//! Markers that flood over the links, each with the hops of its shortest way, and the sentinel, which is one more.

use std::vec;
use std::vec::Vec;

use core::net::SocketAddr;
use core::time::Duration;

use super::{Time, peer_of};
use crate::overlay::{Candidate, Distance, Gain, Limits, Outlook, Peer, Sentinel};
use crate::vocab::{Instant, Link, NodeId, Rng};

/// A marker as it travels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) origin: usize,
    pub(super) stamp: u32,
    pub(super) hops: u32,
    pub(super) incoming: u8,
}

/// What is known of one origin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) stamp: u32,
    pub(super) hops: u32,
    pub(super) heard: Time,
    incoming: u8,
    /// From whom the marker came by the shortest way.
    pub(super) parent: Option<usize>,
    distance: Distance,
}

#[derive(Debug, Clone)]
pub(super) struct Knowledge {
    pub(super) me: usize,
    pub(super) now: Time,
    pub(super) rtt: Duration,
    limits: Limits,
    /// By origin; the last one is the sentinel.
    pub(super) known: Vec<Option<Known>>,
    /// The nodes of which a marker is known.
    nodes: Vec<usize>,
    /// The most nodes that anybody reported.
    pub(super) reported: u32,
    unchanged_since: Time,
    /// Open links, and where they lead.
    pub(super) links: Vec<(Link, usize)>,
}

impl Knowledge {
    pub(super) fn new(me: usize, nodes: usize, limits: Limits, rtt: Duration) -> Self {
        Self {
            me,
            now: 0,
            rtt,
            limits,
            known: vec![None; nodes + 1],
            nodes: Vec::new(),
            reported: 0,
            unchanged_since: 0,
            links: Vec::new(),
        }
    }

    fn sentinel_origin(&self) -> usize {
        self.known.len() - 1
    }

    /// Takes a marker as its sender has it. Returns whether it is to be told on.
    pub(super) fn take(&mut self, mark: Mark, from: Option<usize>) -> bool {
        let Mark { origin, stamp, incoming, .. } = mark;
        let hops = mark.hops + u32::from(from.is_some());
        let before = self.known[origin];
        let is_newer = before.is_none_or(|known| known.stamp < stamp);
        let is_nearer = before.is_some_and(|known| known.stamp == stamp && hops < known.hops);
        if !is_newer && !is_nearer {
            return false;
        }
        if before.is_none() && origin != self.sentinel_origin() {
            self.nodes.push(origin);
            self.unchanged_since = self.now;
        }
        let limit = Limits::hops_max(self.nodes());
        let mut distance = before.map_or_else(Distance::default, |known| known.distance);
        if let Some(last) = before.filter(|_| is_newer) {
            distance.on_newer_stamp(last.hops, limit);
        }
        let heard = before.filter(|_| !is_newer).map_or(self.now, |known| known.heard);
        self.known[origin] = Some(Known { stamp, hops, heard, incoming, parent: from, distance });
        true
    }

    /// A marker as it is told to somebody: not to the one from whom it came.
    pub(super) fn told(&self, origin: usize, to: usize) -> Option<Mark> {
        let Known { stamp, hops, incoming, parent, .. } = self.known[origin]?;
        (parent != Some(to)).then_some(Mark { origin, stamp, hops, incoming })
    }

    /// What a link to somebody who knows this would bring.
    pub(super) fn gain(&self, other: &Self) -> Gain {
        let limit = Limits::hops_max(self.nodes());
        let sentinel = |knowledge: &Self| knowledge.known.last().copied().flatten().map_or(0, |known| known.stamp);
        let nearer =
            |&origin: &usize| self.is_far(origin) && other.known[origin].is_some_and(|theirs| theirs.hops < limit);
        Gain {
            newer_sentinel: sentinel(other) > sentinel(self),
            nearer_origins: u32::try_from(self.nodes.iter().copied().filter(nearer).count()).expect("few nodes"),
        }
    }

    fn is_fresh(&self, origin: usize) -> bool {
        let fresh = self.limits.marker_fresh();
        self.known[origin].is_some_and(|known| Duration::from_nanos(self.now - known.heard) <= fresh)
    }

    fn is_far(&self, origin: usize) -> bool {
        self.is_fresh(origin) && self.known[origin].is_some_and(|known| known.distance.is_far())
    }

    /// Somebody at random, unless many draws are in vain.
    fn draw(&self, rng: &mut Rng, will_do: impl Fn(usize) -> bool) -> Option<usize> {
        let nodes = u32::try_from(self.nodes.len()).expect("few nodes");
        let mut draws = (0..32).map(|_| self.nodes[rng.below(nodes) as usize]);
        draws.find(|&origin| will_do(origin))
    }
}

impl Outlook for Knowledge {
    fn nodes(&self) -> u32 {
        self.reported.max(u32::try_from(self.nodes.len()).expect("few nodes"))
    }

    fn rtt(&self) -> Duration {
        self.rtt
    }

    fn sentinel(&self) -> Option<Sentinel> {
        let known = self.known[self.sentinel_origin()]?;
        // Who issues it has it, always.
        let since = if known.parent.is_none() && known.hops == 0 { self.now } else { known.heard };
        let via = self.links.iter().find(|(_, to)| Some(*to) == known.parent).map(|(link, _)| *link);
        Some(Sentinel { since: Instant::from_nanos(since), via })
    }

    fn unchanged_since(&self) -> Instant {
        Instant::from_nanos(self.unchanged_since)
    }

    fn fresh(&self, rng: &mut Rng) -> Option<Candidate> {
        let origin = self.draw(rng, |origin| origin != self.me && self.is_fresh(origin))?;
        Some(Candidate { peer: peer_of(origin), incoming: self.known[origin]?.incoming })
    }

    fn lost(&self, rng: &mut Rng) -> Option<Peer> {
        self.draw(rng, |origin| !self.is_fresh(origin)).map(peer_of)
    }

    fn stranger(&self, _: &mut Rng) -> Option<Peer> {
        None
    }

    fn is_fresh(&self, id: NodeId) -> bool {
        self.nodes.iter().any(|&origin| peer_of(origin).id == id && Self::is_fresh(self, origin))
    }

    fn is_known(&self, id: NodeId) -> bool {
        self.nodes.iter().any(|&origin| peer_of(origin).id == id)
    }

    fn far_origins(&self) -> u32 {
        u32::try_from(self.nodes.iter().filter(|&&origin| self.is_far(origin)).count()).expect("few nodes")
    }

    fn far(&self, rng: &mut Rng) -> Option<Peer> {
        let far: Vec<usize> = self.nodes.iter().copied().filter(|&origin| self.is_far(origin)).collect();
        far.get(rng.below(u32::try_from(far.len()).expect("few nodes")) as usize).map(|&origin| peer_of(origin))
    }

    fn fed_by(&self, link: Link) -> u32 {
        let to = self.links.iter().find(|(known, _)| *known == link).map(|(_, to)| *to);
        let fed = |origin: &&usize| to.is_some() && self.known[**origin].is_some_and(|known| known.parent == to);
        u32::try_from(self.nodes.iter().filter(fed).count()).expect("few nodes")
    }
}

/// Where a node of the model listens.
pub(super) fn addr_of(node: usize) -> SocketAddr {
    let [_, a, b, c] = u32::try_from(node).expect("few nodes").to_be_bytes();
    SocketAddr::from(([10, a, b, c], 1))
}
