//! What does the answer to a request change?

use alloc::vec::Vec;
use core::net::SocketAddr;

use super::Overlay;
use super::admission::ALTERNATES_TOLD;
use super::dialling::REPEATS;
use super::links::Entry;
use super::requests::{Dial, Why};
use super::words::{Accepted, Act, Direction, Peer, Scene};
use crate::vocab::{Cookie, LinkEnd, NodeId, Nonce};

impl Overlay {
    /// Somebody wants a proof that this node is where it says, before it answers: the request is said again with that, and
    /// waited for anew. Now it is known how long an answer takes.
    pub(crate) fn on_challenge(&mut self, from: SocketAddr, nonce: Nonce, cookie: Cookie, scene: &mut Scene<'_>) {
        let is_it = |dial: &&mut Dial| dial.nonce == nonce && dial.to == from && dial.cookie != Some(cookie);
        if self.is_crowded() {
            return;
        }
        let Some(dial) = self.dialling.dials.iter_mut().find(is_it) else { return };
        let round = scene.now.since(dial.since).max(scene.outlook.rtt());
        (dial.cookie, dial.repeats_left, dial.since) = (Some(cookie), REPEATS, scene.now);
        dial.due = scene.now.after(self.limits.answer(round));
        self.act(Act::Request { to: from, nonce });
        self.settle(scene);
    }

    /// What goes with a request.
    pub(crate) fn cookie(&self, nonce: Nonce) -> Option<Cookie> {
        self.dialling.dials.iter().find(|dial| dial.nonce == nonce)?.cookie
    }

    /// Somebody gives a link. What its digest promises is known by now.
    pub(crate) fn on_accept(&mut self, accepted: &Accepted, scene: &mut Scene<'_>) {
        if self.is_stopped() || self.is_crowded() {
            return;
        }
        self.count_nodes(scene);
        let Accepted { from, nonce, theirs, .. } = *accepted;
        let known = self
            .find(from.peer.id, nonce)
            .filter(|&link| self.links.get(link).is_some_and(|entry| entry.theirs == theirs));
        if let Some(entry) = known.and_then(|link| self.links.get_mut(link)) {
            entry.heard = scene.now;
        }
        if let Some(link) = known {
            // Said again, because a request was repeated, or its confirmation was lost.
            self.act(Act::Confirm { link });
        } else if let Some(dial) = self.dialling.take(from.peer.id, nonce)
            && self.has_place(&dial, accepted, scene)
        {
            self.take_link(&dial, accepted, scene);
        } else {
            self.act(Act::Close { to: from.peer.addr, nonce: theirs });
        }
        self.settle(scene);
    }

    /// Whether a link that is offered is wanted, after making room for it.
    fn has_place(&mut self, dial: &Dial, accepted: &Accepted, scene: &mut Scene<'_>) -> bool {
        let Accepted { from, gain, .. } = *accepted;
        let me = self.me;
        if from.peer.id == me.id || from.peer.addr == me.addr {
            return false;
        }
        if let Some((link, entry)) = self.links.to(from.peer.id) {
            // Both asked each other, by addresses that did not say so: the request of the lower identity lives, unless
            // it would cost a third one its link.
            if entry.direction == Direction::Outgoing || from.peer.id < me.id || dial.swaps {
                return false;
            }
            self.close(link, LinkEnd::Redundant, true);
        } else if self.links.leads_to(None, from.peer.addr) {
            return false;
        }
        if self.outgoing_held() < self.caps().outgoing {
            return true;
        }
        let is_better = match dial.why {
            Why::Stall => gain.newer_sentinel,
            Why::Tighten => gain.nearer_origins > 0,
            Why::Bridge => !scene.outlook.is_fresh(from.peer.id),
            Why::Join | Why::Fill => false,
        };
        let victim = if is_better { self.least_useful(scene) } else { None };
        let Some(victim) = victim else {
            self.leave_alone(dial.to, self.limits.refused_pause, scene);
            return false;
        };
        self.counts.swaps += 1;
        self.close(victim, LinkEnd::Swapped, true);
        true
    }

    fn take_link(&mut self, dial: &Dial, accepted: &Accepted, scene: &mut Scene<'_>) {
        let Accepted { from, theirs, .. } = *accepted;
        let mut entry = Entry::new(&from, Direction::Outgoing, (dial.nonce, theirs), scene.now);
        entry.period = self.limits.period(scene.rng);
        entry.due = scene.now.after(entry.period);
        self.dialling.cancel(from.peer);
        let Some(link) = self.links.insert(entry) else { return };
        self.dialling.backoffs.clear(dial.to);
        self.dialling.on_link();
        let round = scene.now.since(dial.since);
        self.act(Act::Up { link, peer: from.peer, direction: Direction::Outgoing, round });
        self.act(Act::Confirm { link });
    }

    /// Somebody has no room, and names others.
    pub(crate) fn on_refused(&mut self, from: Peer, nonce: Nonce, alternates: &[Peer], scene: &mut Scene<'_>) {
        if self.is_crowded() {
            return;
        }
        self.count_nodes(scene);
        if let Some(dial) = self.dialling.take(from.id, nonce) {
            let mine = |peer: &Peer| peer.id == self.me.id || peer.addr == self.me.addr;
            let named: Vec<Peer> =
                alternates.iter().take(ALTERNATES_TOLD).filter(|peer| !mine(peer)).copied().collect();
            self.counts.refusals += 1;
            self.leave_alone(dial.to, self.limits.refused_pause, scene);
            self.dialling.on_refusal(&named, self.is_unlinked());
            self.act(Act::Refused { by: from, alternates: u8::try_from(named.len()).unwrap_or(u8::MAX) });
            self.forward(&dial, &named, scene);
        }
        self.settle(scene);
    }

    /// Somebody has a link to this node already, or asks for one itself. It is no refusal.
    pub(crate) fn on_duplicate(&mut self, from: NodeId, nonce: Nonce, scene: &mut Scene<'_>) {
        if let Some(dial) = self.dialling.take(from, nonce) {
            self.leave_alone(dial.to, self.limits.refused_pause, scene);
        }
        self.settle(scene);
    }
}
