//! How a stranger becomes a member: request, challenge, proven request, welcome.
//!
//! The request is padded to a whole datagram, so that no answer is larger than what it answers until the
//! stranger has shown that it receives what is sent to its address. The welcome brings a handful of random
//! members; the rest is asked of one of those, not of the seed, so that a thousand joiners are no herd.

use core::net::SocketAddr;

use crate::membership::joining::Joining;
use crate::vocab::{Cookie, Health, Instant, Nonce};

use super::intents::Intent;
use super::io::{Event, Timer};
use super::{Leaving, Node};

impl Node {
    pub(super) fn join(&mut self, seeds: &[SocketAddr], now: Instant) {
        self.cold.joining = Joining::new(seeds, self.cold.config.join_interval, now, &mut self.rng);
        self.schedule_join();
    }

    pub(super) fn on_join_due(&mut self, now: Instant) {
        if let Some(joining) = &mut self.cold.joining {
            let (to, nonce) = joining.on_deadline(now, &mut self.rng);
            self.wish(Intent::Join { to, nonce, cookie: None });
        }
        self.schedule_join();
    }

    pub(super) fn schedule_join(&mut self) {
        let next = self.cold.joining.as_ref().map_or(Instant::NEVER, Joining::next_deadline);
        self.deadlines.set(Timer::Join, next);
    }

    /// A stranger asks to be let in. What it says of itself was learned like any rumour.
    pub(super) fn on_join_request(&mut self, from: SocketAddr, nonce: Nonce, cookie: Option<Cookie>, now: Instant) {
        let proven = cookie.is_some_and(|cookie| self.cold.cookies.accepts(cookie, from, now));
        if self.leaving != Leaving::Stays {
            return;
        }
        self.wish(if proven { Intent::Welcome { to: from, nonce } } else { Intent::Challenge { to: from, nonce } });
    }

    /// A seed let this node in: it is a member, though it knows few others yet.
    pub(super) fn on_welcome(&mut self, seed: SocketAddr, now: Instant) {
        let first = self.cold.joining.as_mut().is_some_and(Joining::on_welcome);
        self.schedule_join();
        if !first {
            return;
        }
        self.report(Event::Joined { members: self.membership.live() });
        self.repairs.on_joined(now);
        self.arm_gossip(now);
        let membership = &self.membership;
        let other =
            membership.choose(&mut self.rng, |slot, health| health == Health::Alive && membership.addr(slot) != seed);
        if self.repairs.try_start(now) {
            let to = other.map_or(seed, |slot| self.membership.addr(slot));
            self.start_repair(to);
        }
    }
}
