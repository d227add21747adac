//! Who is asked for a link, and when?
//!
//! To join: one address that was given, and when it refuses, a few of those that it named. To have enough: two per
//! tick, of two random nodes the one that serves fewer. Requests under way count as links, so that no answer comes too
//! late to keep the cap.

use alloc::vec::Vec;
use core::net::SocketAddr;

use super::Overlay;
use super::places::one_of;
use super::requests::{Dial, Dialling, Forward, Why};
use super::words::{Act, Direction, Peer, Scene, Standing};
use crate::vocab::{Instant, NodeId};

/// How often an unanswered request is repeated.
pub(super) const REPEATS: u8 = 2;

/// So many requests to join may be under way after a refusal.
const JOINS: usize = 3;

/// A refusal is followed to somebody else so many times in a row.
const FORWARDS_MAX: u8 = 3;

/// Time between two attempts to join: at least so many thousandths of an interval, doubled so many times.
const JOIN_PAUSE: u32 = 500;
const JOIN_DOUBLINGS_MAX: u8 = 5;

/// A forward waits for up to so many thousandths of an interval.
const FORWARD_PAUSE: u32 = 50;

/// So many requests per tick, to have enough.
const FILLS: usize = 2;

/// After so many refusals in a row a node that has so many links is content until something changes.
const CONTENT_REFUSALS: u8 = 4;
const CONTENT_LINKS: usize = 3;

/// So many draws for one node that may be asked.
const DRAWS: u32 = 16;

impl Overlay {
    /// Outgoing links and requests under way, without one that would swap.
    pub(super) fn outgoing_held(&self) -> usize {
        let dials = self.dialling.dials.iter().filter(|dial| !dial.swaps).count();
        self.links.count(Direction::Outgoing) + dials
    }

    /// Whether a request of this node deserves a place where there is none: it has no link and was refused three
    /// times, or it has never seen the sentinel and has looked for it three times.
    pub(crate) fn is_urgent(&self) -> bool {
        self.stall.is_urgent() || (self.is_unlinked() && self.dialling.is_urgent())
    }

    /// Whether there is neither a link nor a request to somebody, who is not this node.
    pub(super) fn is_free(&self, id: Option<NodeId>, addr: SocketAddr) -> bool {
        let is_me = addr == self.me.addr || id == Some(self.me.id);
        !is_me && !self.links.leads_to(id, addr) && !self.dialling.is_under_way(id, addr)
    }

    /// Whether somebody may be asked now.
    pub(super) fn is_eligible(&self, id: Option<NodeId>, addr: SocketAddr, now: Instant) -> bool {
        self.is_free(id, addr) && self.dialling.backoffs.is_over(addr, now)
    }

    pub(super) fn leave_alone(&mut self, addr: SocketAddr, intervals: u32, scene: &mut Scene<'_>) {
        self.dialling.backoffs.extend(addr, intervals, &self.limits, (scene.now, scene.rng));
    }

    /// The next address of those that were given, even if it is to be left alone.
    pub(super) fn next_bootstrap(&mut self) -> Option<SocketAddr> {
        let Self { me, links, dialling, .. } = self;
        let Dialling { bootstraps, dials, .. } = dialling;
        let is_free = |addr| addr != me.addr && !links.leads_to(None, addr) && dials.iter().all(|dial| dial.to != addr);
        bootstraps.next(is_free)
    }

    /// Asks somebody, if there is room for a link or one may be swapped, and of the addresses that were given one at a
    /// time. Returns whether it does.
    pub(super) fn dial(
        &mut self,
        (to, id): (SocketAddr, Option<NodeId>),
        why: Why,
        forwards: u8,
        scene: &mut Scene<'_>,
    ) -> bool {
        let swaps = self.outgoing_held() >= self.caps().outgoing;
        let may_swap = matches!(why, Why::Stall | Why::Tighten | Why::Bridge)
            && self.dialling.dials.iter().all(|dial| !dial.swaps);
        let is_second = id.is_none() && self.dialling.dials.iter().any(|dial| dial.id.is_none());
        if !self.is_free(id, to) || (swaps && !may_swap) || is_second {
            return false;
        }
        let nonce = scene.rng.nonce();
        let due = scene.now.after(self.limits.answer(scene.outlook.rtt()));
        let (repeats_left, since) = (REPEATS, scene.now);
        self.dialling.dials.push(Dial { to, id, nonce, cookie: None, why, forwards, swaps, repeats_left, since, due });
        self.counts.dials += 1;
        self.act(Act::Request { to, nonce });
        true
    }

    /// Repeats requests that were not answered, and gives up those that were repeated.
    pub(super) fn repeat_requests(&mut self, scene: &mut Scene<'_>) {
        let due = scene.now.after(self.limits.answer(scene.outlook.rtt()));
        while let Some(place) = self.dialling.dials.iter().position(|dial| dial.due <= scene.now) {
            let Some(dial) = self.dialling.dials.get_mut(place) else { break };
            if let Some(left) = dial.repeats_left.checked_sub(1) {
                (dial.repeats_left, dial.due) = (left, due);
                let Dial { to, nonce, .. } = *dial;
                self.act(Act::Request { to, nonce });
            } else {
                let dial = self.dialling.dials.swap_remove(place);
                self.counts.timeouts += 1;
                self.leave_alone(dial.to, self.limits.failed_pause, scene);
            }
        }
    }

    /// Asks those who were named a moment ago.
    pub(super) fn follow_forwards(&mut self, scene: &mut Scene<'_>) {
        while let Some(place) = self.dialling.forwards.iter().position(|forward| forward.at <= scene.now) {
            let Forward { peer, why, forwards, .. } = self.dialling.forwards.swap_remove(place);
            if self.is_eligible(Some(peer.id), peer.addr, scene.now) {
                self.dial((peer.addr, Some(peer.id)), why, forwards, scene);
            }
        }
    }

    /// After a refusal: asks some of those who were named, a few times in a row, while that is still wanted.
    pub(super) fn forward(&mut self, refused: &Dial, named: &[Peer], scene: &mut Scene<'_>) {
        let under_way = self.dialling.dials.len() + self.dialling.forwards.len();
        let wanted = match refused.why {
            Why::Join if self.is_unlinked() => JOINS.saturating_sub(under_way),
            // Others have linked it meanwhile; those of whom it knows nothing may be on another island.
            Why::Join if self.outgoing_held() < self.caps().outgoing => 1,
            Why::Stall if self.stall.standing().0.is_stall() => 1,
            Why::Bridge if self.standing().0 == Standing::Connected => 1,
            Why::Join | Why::Fill | Why::Stall | Why::Tighten | Why::Bridge => 0,
        };
        if refused.forwards >= FORWARDS_MAX {
            return;
        }
        let pending = |peer: &Peer| self.dialling.forwards.iter().any(|forward| forward.peer.id == peer.id);
        let is_wanted = |peer: &Peer| self.is_unlinked() || !scene.outlook.is_known(peer.id);
        let may_be_asked =
            |peer: &&Peer| self.is_eligible(Some(peer.id), peer.addr, scene.now) && !pending(peer) && is_wanted(peer);
        let mut choice: Vec<Peer> = named.iter().filter(may_be_asked).copied().collect();
        for _ in 0..wanted {
            let Some(peer) = one_of(&choice, scene.rng) else { break };
            choice.retain(|other| other.id != peer.id);
            let at = self.limits.soon(FORWARD_PAUSE, scene.now, scene.rng);
            self.dialling.forwards.push(Forward { at, peer, why: refused.why, forwards: refused.forwards + 1 });
        }
    }

    /// Tries to get a first link.
    pub(super) fn join(&mut self, scene: &mut Scene<'_>) {
        if self.dialling.join > scene.now {
            return;
        }
        let is_first = self.dialling.join_doublings == 0;
        if self.dialling.dials.is_empty() && self.dialling.forwards.is_empty() {
            let place = self.place_to_join(is_first, scene);
            if let Some(place) = place {
                self.dial(place, Why::Join, 0, scene);
            }
            self.dialling.join_doublings = self.dialling.join_doublings.saturating_add(1);
        }
        let doublings = self.dialling.join_doublings.saturating_sub(1).min(JOIN_DOUBLINGS_MAX);
        self.dialling.join = scene.now.after(self.limits.pause(JOIN_PAUSE, doublings, scene.rng));
    }

    /// At first an address that was given; later also somebody who was named or is known.
    fn place_to_join(&mut self, is_first: bool, scene: &mut Scene<'_>) -> Option<(SocketAddr, Option<NodeId>)> {
        let mut places: Vec<(SocketAddr, Option<NodeId>)> = Vec::new();
        if !is_first || self.dialling.has_no_bootstraps() {
            places.extend(self.dialling.bootstraps().map(|addr| (addr, None)));
            places.extend(self.dialling.alternates().map(|peer| (peer.addr, Some(peer.id))));
            let known = (0..JOINS).filter_map(|_| scene.outlook.fresh(scene.rng));
            places.extend(known.map(|candidate| (candidate.peer.addr, Some(candidate.peer.id))));
            places.retain(|&(addr, id)| self.is_eligible(id, addr, scene.now));
            if places.is_empty() {
                places.extend(self.lost_place(scene));
            }
        }
        one_of(&places, scene.rng).or_else(|| Some((self.next_bootstrap()?, None)))
    }

    /// Somebody who was known once and may be asked.
    pub(super) fn lost_place(&self, scene: &mut Scene<'_>) -> Option<(SocketAddr, Option<NodeId>)> {
        let lost = scene.outlook.lost(scene.rng).map(|peer| (peer.addr, Some(peer.id)));
        lost.filter(|&(addr, id)| self.is_eligible(id, addr, scene.now))
    }

    /// Asks two nodes more, as long as links are wanted and somebody might give one.
    pub(super) fn fill(&mut self, scene: &mut Scene<'_>) {
        let is_content = self.dialling.refused >= CONTENT_REFUSALS && self.links.open() >= CONTENT_LINKS;
        if is_content || self.is_unlinked() {
            return;
        }
        for _ in 0..FILLS {
            if self.outgoing_held() >= self.caps().outgoing {
                return;
            }
            let Some(peer) = self.lesser_of_two(scene) else { return };
            self.dial((peer.addr, Some(peer.id)), Why::Fill, 0, scene);
        }
    }

    /// Of two random nodes that may be asked, the one that serves fewer.
    fn lesser_of_two(&self, scene: &mut Scene<'_>) -> Option<Peer> {
        let mut draw = || {
            let mut draws = (0..DRAWS).map_while(|_| scene.outlook.fresh(scene.rng));
            draws.find(|drawn| self.is_eligible(Some(drawn.peer.id), drawn.peer.addr, scene.now))
        };
        let (first, second) = (draw()?, draw()?);
        Some(if second.incoming < first.incoming { second.peer } else { first.peer })
    }
}
