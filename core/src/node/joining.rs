//! How a stranger becomes a member: request, challenge, proven request, welcome.
//!
//! The request is padded to a whole datagram, so that no answer is larger than what it answers until the
//! stranger has shown that it receives what is sent to its address. The welcome brings a handful of random
//! members; the rest is asked of one of those, not of the seed, so that a thousand joiners are no herd.

use core::net::SocketAddr;

use crate::membership::cookie::Use;
use crate::membership::joining::Joining;
use crate::membership::{CHOICE_MAX, Refusal, Verdict};
use crate::vocab::{Cookie, Health, Instant, Nonce, Record, Slot};
use crate::wire::Sender;

use super::intents::Intent;
use super::io::{Event, Timer};
use super::{Leaving, Node};

impl Node {
    pub(super) fn join(&mut self, seeds: &[SocketAddr], now: Instant) {
        let cold = &mut *self.cold;
        cold.book.set_seeds(seeds);
        cold.joining = Joining::start(seeds.len(), cold.config.join_interval, now, &mut self.rng);
        self.schedule_join();
    }

    pub(super) fn on_join_due(&mut self, now: Instant) {
        let cold = &mut *self.cold;
        let asked = cold.joining.on_deadline(&cold.book, now, &mut self.rng);
        if let Some((to, nonce)) = asked.filter(|&(to, _)| !self.is_own(to)) {
            self.wish(Intent::Join { to, nonce, cookie: None });
        }
        self.schedule_join();
    }

    fn schedule_join(&mut self) {
        self.deadlines.set(Timer::Join, self.cold.joining.next_deadline());
    }

    /// Asks somebody from the book to be let in, unless it is a member already: it may belong to an island of
    /// the cluster of which nobody here remembers anything.
    pub(super) fn try_book(&mut self) {
        let live = self.membership.live();
        let chosen = self.cold.book.choose(live, &mut self.rng);
        let Some(entry) = chosen.filter(|entry| !self.is_own(entry.addr)) else { return };
        let cold = &mut *self.cold;
        let slot = entry.id.and_then(|id| self.membership.find(id));
        if slot.is_some_and(|slot| self.membership.health(slot).is_live()) {
            cold.book.strike(entry);
        } else {
            let nonce = cold.joining.ask(entry.addr, &mut self.rng);
            self.wish(Intent::Join { to: entry.addr, nonce, cookie: None });
        }
    }

    /// A stranger asks to be let in. What it says of itself was learned like any rumour. If there is no room for that, it asks
    /// in vain, and asks again.
    pub(super) fn on_join_request(
        &mut self,
        (stranger, from): (&Sender, SocketAddr),
        nonce: Nonce,
        cookie: Option<Cookie>,
        now: Instant,
    ) {
        let proven = cookie.is_some_and(|cookie| self.cold.cookies.accepts(Use::Join, cookie, from, now));
        if self.leaving != Leaving::Stays {
            return;
        }
        let newcomer = Record::of_new_life(stranger.id, stranger.incarnation.boot, from);
        if self.membership.judge(&newcomer, self.clock.outside(now)) == Verdict::Refused(Refusal::Full) {
            self.stats.records_refused += 1;
            return;
        }
        self.wish(if proven { Intent::Welcome { to: from, nonce } } else { Intent::Challenge { to: from, nonce } });
    }

    /// Somebody let this node in: it is a member, though it knows few of the others yet.
    pub(super) fn on_welcome(&mut self, from: SocketAddr, host: &Sender, now: Instant) {
        let (joined, asked) = self.cold.joining.on_welcome();
        self.cold.book.on_answer(asked.unwrap_or(from), host.id);
        self.schedule_join();
        if joined {
            self.report(Event::Joined { members: self.membership.live() });
            self.note_self_alive(now);
            // It may have told its map to the few of whom it had heard before, until it had told it often enough.
            self.tell_head(Slot::SELF, now);
            self.introduce(now);
        } else if host.fingerprint == self.membership.fingerprint() {
            return;
        }
        self.repairs.on_joined(now);
        self.cold.state_repairs.on_joined(now);
        self.arm_gossip(now);
        let membership = &self.membership;
        let other =
            membership.choose(&mut self.rng, |slot, health| health == Health::Alive && membership.addr(slot) != from);
        if self.repairs.try_start(now) {
            // A joiner spares its seed; whoever found another island asks there.
            let to = other.filter(|_| joined).map_or(from, |slot| self.membership.addr(slot));
            self.start_repair(to, now);
        }
    }

    /// A newcomer tells those whom the welcome named that it is there: at once, and as many of them as it would tell one
    /// gossip interval after the other. Nobody else knows all of them, since whoever joined with it knows fewer.
    fn introduce(&mut self, now: Instant) {
        self.gossip_next = now.after(self.cold.config.gossip_interval);
        self.deadlines.set(Timer::Gossip, self.gossip_next);
        self.gossip_to(self.tellings_max().min(CHOICE_MAX));
    }
}
