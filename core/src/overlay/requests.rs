//! Which requests are under way, and what is known of whom to ask?

use alloc::vec::Vec;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::backoffs::Backoffs;
use super::limits::Limits;
use super::links::Table;
use super::places::{Alternates, Bootstraps};
use super::words::Peer;
use crate::vocab::{Cookie, Instant, NodeId, Nonce, Rng};

/// Whoever has lost every link joins within so many thousandths of an interval.
const ORPHAN_PAUSE: u32 = 250;

/// After so many refusals a node without a link is let in where there is no room.
const URGENT_REFUSALS: u8 = 3;

/// Why somebody is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Why {
    Join,
    Fill,
    Stall,
    Tighten,
    Bridge,
}

/// A request under way.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Dial {
    pub(super) to: SocketAddr,
    /// Who lives there; of an address that was given nobody knows.
    pub(super) id: Option<NodeId>,
    pub(super) nonce: Nonce,
    /// What the other side wants to hear with the next repetition.
    pub(super) cookie: Option<Cookie>,
    pub(super) why: Why,
    /// How many refusals led here.
    pub(super) forwards: u8,
    /// It becomes a link only in the place of another one.
    pub(super) swaps: bool,
    pub(super) repeats_left: u8,
    /// When it was said first, and when an answer is waited for no longer.
    pub(super) since: Instant,
    pub(super) due: Instant,
}

/// A request that waits for a moment, so that not all of those who were refused ask at once.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Forward {
    pub(super) at: Instant,
    pub(super) peer: Peer,
    pub(super) why: Why,
    pub(super) forwards: u8,
}

/// Requests, and what is known of whom to ask.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Dialling {
    pub(super) dials: Vec<Dial>,
    pub(super) forwards: Vec<Forward>,
    pub(super) bootstraps: Bootstraps,
    alternates: Alternates,
    pub(super) backoffs: Backoffs,
    /// When the next attempt to join is made; never while there is a link.
    pub(super) join: Instant,
    pub(super) join_doublings: u8,
    /// How often the node was refused since the last link, loss or new node.
    pub(super) refused: u8,
    /// And since the last link, without any.
    refused_alone: u8,
}

impl Dialling {
    pub(super) fn new(bootstraps: Bootstraps, now: Instant) -> Self {
        Self {
            dials: Vec::new(),
            forwards: Vec::new(),
            bootstraps,
            alternates: Alternates::default(),
            backoffs: Backoffs::default(),
            join: now,
            join_doublings: 0,
            refused: 0,
            refused_alone: 0,
        }
    }

    /// There are other addresses to begin at.
    pub(super) fn begin_at(&mut self, bootstraps: Bootstraps, now: Instant) {
        (self.bootstraps, self.join_doublings) = (bootstraps, 0);
        self.join = self.join.min(now);
    }

    pub(super) fn bootstraps(&self) -> impl Iterator<Item = SocketAddr> {
        self.bootstraps.iter()
    }

    pub(super) fn has_no_bootstraps(&self) -> bool {
        self.bootstraps.is_empty()
    }

    pub(super) fn alternates(&self) -> impl Iterator<Item = Peer> {
        self.alternates.iter()
    }

    pub(super) fn is_under_way(&self, id: Option<NodeId>, addr: SocketAddr) -> bool {
        self.dials.iter().any(|dial| dial.to == addr || (id.is_some() && dial.id == id))
    }

    /// Takes the request out that somebody has answered.
    pub(super) fn take(&mut self, from: NodeId, nonce: Nonce) -> Option<Dial> {
        let is_it = |dial: &Dial| dial.nonce == nonce && dial.id.is_none_or(|id| id == from);
        let place = self.dials.iter().position(is_it)?;
        Some(self.dials.swap_remove(place))
    }

    /// Drops the requests to somebody to whom there is a link.
    pub(super) fn cancel(&mut self, peer: Peer) {
        self.dials.retain(|dial| dial.to != peer.addr && dial.id != Some(peer.id));
    }

    pub(super) fn drop_requests(&mut self) {
        self.dials.clear();
        self.forwards.clear();
    }

    /// Somebody is there no more.
    pub(super) fn forget(&mut self, id: NodeId) {
        self.dials.retain(|dial| dial.id != Some(id));
        self.forwards.retain(|forward| forward.peer.id != id);
        self.alternates.forget(id);
    }

    /// A request has come back to its sender.
    pub(super) fn on_loopback(&mut self, nonce: Nonce) {
        if let Some(place) = self.dials.iter().position(|dial| dial.nonce == nonce) {
            self.bootstraps.remove(self.dials.swap_remove(place).to);
        }
    }

    pub(super) const fn on_link(&mut self) {
        (self.refused, self.refused_alone) = (0, 0);
    }

    /// A link was lost, or there is a new node: whoever was content may ask again.
    pub(super) const fn on_change(&mut self) {
        self.refused = 0;
    }

    /// Somebody refused, and named others.
    pub(super) fn on_refusal(&mut self, named: &[Peer], is_alone: bool) {
        self.refused = self.refused.saturating_add(1);
        self.refused_alone = if is_alone { self.refused_alone.saturating_add(1) } else { 0 };
        named.iter().for_each(|&peer| self.alternates.add(peer));
    }

    /// Whether a full node shall let this one in all the same.
    pub(super) const fn is_urgent(&self) -> bool {
        self.refused_alone >= URGENT_REFUSALS
    }

    /// A node without links joins, one with links does not.
    pub(super) fn set_join(&mut self, is_linked: bool, limits: &Limits, (now, rng): (Instant, &mut Rng)) {
        if is_linked {
            (self.join, self.join_doublings) = (Instant::NEVER, 0);
        } else if self.join == Instant::NEVER {
            self.join = limits.soon(ORPHAN_PAUSE, now, rng);
        }
    }

    pub(super) fn next_due(&self) -> Instant {
        let dials = self.dials.iter().map(|dial| dial.due).min().unwrap_or(Instant::NEVER);
        let forwards = self.forwards.iter().map(|forward| forward.at).min().unwrap_or(Instant::NEVER);
        dials.min(forwards).min(self.join)
    }

    /// Asserts that no request leads to this node or beside a link, that one at most would swap, and that one at most
    /// goes to an address that was given.
    pub(super) fn check(&self, me: Peer, links: &Table) {
        for dial in &self.dials {
            assert!(dial.to != me.addr && dial.id != Some(me.id), "no request leads to this node");
            assert!(!links.leads_to(dial.id, dial.to), "no request leads where a link leads");
            assert!(self.dials.iter().filter(|other| other.to == dial.to).count() == 1, "nobody is asked twice");
        }
        assert!(self.dials.iter().filter(|dial| dial.swaps).count() <= 1, "one swap at a time");
        assert!(self.dials.iter().filter(|dial| dial.id.is_none()).count() <= 1, "one given address at a time");
    }
}
