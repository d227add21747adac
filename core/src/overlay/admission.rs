//! Who is given a link?

use alloc::vec::Vec;
use core::cmp::Reverse;

use super::Overlay;
use super::links::Entry;
use super::words::{Act, Direction, Peer, Request, Scene, Standing};
use crate::vocab::{Link, LinkEnd, NodeId, Nonce};

/// So many others are named to whoever is refused.
pub(crate) const ALTERNATES_TOLD: usize = 6;

/// Nobody's last link is taken away for somebody else's first.
const EVICTED_LINKS_MIN: u8 = 2;

impl Overlay {
    /// Somebody asks for a link. Its marker and its node count were taken over before, whatever the answer will be.
    pub(crate) fn on_request(&mut self, request: &Request, scene: &mut Scene<'_>) {
        if self.is_stopped() || self.is_crowded() {
            return;
        }
        self.count_nodes(scene);
        let Request { from, nonce, .. } = *request;
        if from.peer.id == self.me.id {
            self.dialling.on_loopback(nonce);
        } else if from.peer.addr != self.me.addr && !self.is_repeated(request) {
            self.admit_or_refuse(request, scene);
        }
        self.settle(scene);
    }

    /// An address that was asked leads back here.
    pub(crate) fn on_own_request(&mut self, nonce: Nonce, scene: &mut Scene<'_>) {
        self.dialling.on_loopback(nonce);
        self.settle(scene);
    }

    /// Refuses a stranger if there is no room. Returns whether it did.
    pub(crate) fn turns_away(&mut self, from: Peer, nonce: Nonce) -> bool {
        let is_stranger = self.is_free(Some(from.id), from.addr);
        if !is_stranger || !self.is_full() || self.is_stopped() || self.is_crowded() {
            return false;
        }
        self.act(Act::Refuse { to: from, nonce });
        true
    }

    /// Answers somebody to whom a link exists. Returns whether there was one.
    fn is_repeated(&mut self, request: &Request) -> bool {
        let Request { from, nonce, .. } = *request;
        let duplicate = Act::Duplicate { to: from.peer.addr, nonce };
        if let Some((link, &entry)) = self.links.to(from.peer.id) {
            if from.boot > entry.boot {
                self.close(link, LinkEnd::Reborn, false);
                return false;
            }
            if from.boot == entry.boot {
                let same = entry.direction == Direction::Incoming && entry.theirs == nonce;
                self.act(if same { Act::Accept { link } } else { duplicate });
            }
            return true;
        }
        if self.links.leads_to(None, from.peer.addr) {
            self.act(duplicate);
            return true;
        }
        // Both ask each other: the request of the lower identity lives.
        if self.dialling.is_under_way(Some(from.peer.id), from.peer.addr) && self.me.id < from.peer.id {
            self.act(duplicate);
            return true;
        }
        false
    }

    /// Whether nobody else is served.
    fn is_full(&self) -> bool {
        self.links.count(Direction::Incoming) >= self.caps().incoming
    }

    fn admit_or_refuse(&mut self, request: &Request, scene: &mut Scene<'_>) {
        let Request { from, nonce, urgent } = *request;
        self.dialling.cancel(from.peer);
        let is_full = self.is_full();
        // Who has links and misses a sentinel that is missing here too gains nothing.
        let may_gain = from.links == 0 || self.standing().0 == Standing::Connected;
        let victim = if is_full && urgent && may_gain { self.evictable(scene) } else { None };
        if let Some(victim) = victim {
            self.counts.evictions += 1;
            self.close(victim, LinkEnd::Evicted, true);
        } else if is_full {
            self.act(Act::Refuse { to: from.peer, nonce });
            return;
        }
        let own = scene.rng.nonce();
        let mut entry = Entry::new(&from, Direction::Incoming, (own, nonce), scene.now);
        entry.open = false;
        entry.period = self.limits.period(scene.rng);
        entry.due = scene.now.after(self.limits.provisional(scene.outlook.rtt()));
        if let Some(link) = self.links.insert(entry) {
            self.act(Act::Accept { link });
        }
    }

    /// The incoming link of the node that has most, and misses it least; never the one that brings the sentinel.
    fn evictable(&self, scene: &Scene<'_>) -> Option<Link> {
        let is_spare = |entry: &Entry| entry.open && entry.links >= EVICTED_LINKS_MIN;
        let spare = self.links.set(|entry| entry.direction == Direction::Incoming && is_spare(entry));
        let spare =
            scene.outlook.sentinel().and_then(|sentinel| sentinel.via).map_or(spare, |kept| spare.without(kept));
        let links_of = |link: &Link| self.links.get(*link).map(|entry| entry.links);
        spare.iter().max_by_key(|link| (links_of(link), Reverse(*link)))
    }

    /// Others for somebody who is refused: at random, each once, never itself, never this node.
    pub(crate) fn alternates(&self, to: NodeId, scene: &mut Scene<'_>) -> Vec<Peer> {
        let mut named: Vec<Peer> = Vec::new();
        for _ in 0..4 * ALTERNATES_TOLD {
            let Some(candidate) = scene.outlook.fresh(scene.rng) else { break };
            let peer = candidate.peer;
            let is_new = |known: &Peer| known.id != peer.id && known.addr != peer.addr;
            if peer.id != to && peer.id != self.me.id && named.iter().all(is_new) {
                named.push(peer);
            }
            if named.len() == ALTERNATES_TOLD {
                break;
            }
        }
        named
    }

    /// The name of a link, as its frames carry it.
    pub(super) fn find(&self, id: NodeId, nonce: Nonce) -> Option<Link> {
        self.links.of_frame(id, nonce)
    }
}
