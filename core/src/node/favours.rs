//! Pings for somebody else: asked for, answered or not, and who owes a word about it.

use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Instant, NodeId, Nonce, Ring, Slot};

use super::Node;
use super::intents::Intent;
use super::io::Timer;

/// The most favours under way; a flood of them is refused.
const RELAYS_MAX: usize = 64;

/// A ping that was sent as a favour: whom to tell when it is answered, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Relay {
    /// The nonce of our ping.
    pub(super) nonce: Nonce,
    pub(super) target: NodeId,
    /// Who asked, and with which nonce.
    pub(super) origin: SocketAddr,
    pub(super) origin_nonce: Nonce,
    /// When to say that there is no answer so far; `NEVER` when that was said, or nobody wants to hear it.
    pub(super) nack_at: Instant,
    pub(super) until: Instant,
}

/// The favours under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Relays {
    queue: Ring<Relay>,
}

impl Relays {
    pub(super) const fn new() -> Self {
        Self { queue: Ring::new(RELAYS_MAX) }
    }

    /// Remembers a favour. Returns whether there was room.
    #[must_use]
    pub(super) fn push(&mut self, relay: Relay, now: Instant) -> bool {
        // They last for different times, so that what is over lies anywhere; there are few.
        self.queue.retain(|relay| relay.until > now);
        self.queue.push_back(relay).is_ok()
    }

    /// The favour that an answer belongs to, if there is one. It stays: the answer may come twice.
    pub(super) fn on_answer(&mut self, target: NodeId, nonce: Nonce, now: Instant) -> Option<Relay> {
        let wanted = |relay: &Relay| relay.nonce == nonce && relay.target == target && relay.until > now;
        let relay = self.find(wanted)?;
        relay.nack_at = Instant::NEVER;
        Some(*relay)
    }

    /// Takes a favour whose asker is to be told that there is no answer so far.
    pub(super) fn take_nack(&mut self, now: Instant) -> Option<Relay> {
        let relay = self.find(|relay| relay.nack_at <= now)?;
        relay.nack_at = Instant::NEVER;
        Some(*relay)
    }

    fn find(&mut self, wanted: impl Fn(&Relay) -> bool) -> Option<&mut Relay> {
        let place =
            (0..self.queue.len()).find(|&place| self.queue.get_mut(place).is_some_and(|relay| wanted(relay)))?;
        self.queue.get_mut(place)
    }

    /// When somebody is to be told next.
    pub(super) fn next_deadline(&mut self) -> Instant {
        let nacks = (0..self.queue.len()).filter_map(|place| self.queue.get_mut(place).map(|relay| relay.nack_at));
        nacks.min().unwrap_or(Instant::NEVER)
    }
}

impl Node {
    /// Pings a member for somebody who cannot reach it. Only known members: no stranger makes us send
    /// anything to an address of its choice. Whoever asked waits for `left_ms` more: shortly before that it hears
    /// that there is no answer, so that it knows at least that this node is there.
    pub(super) fn on_ping_request(
        &mut self,
        origin: SocketAddr,
        (origin_nonce, left_ms): (Nonce, u32),
        target: NodeId,
        now: Instant,
    ) {
        let Some(slot) = self.membership.find(target).filter(|&slot| slot != Slot::SELF) else { return };
        let nonce = self.nonce();
        let period = self.cold.config.period;
        // Nobody waits for longer than a node in the worst health does.
        let longest = period.saturating_mul(self.cold.config.local_health_max.saturating_add(1));
        let left = Duration::from_millis(left_ms.into()).min(longest);
        let nack_at = if left_ms == 0 { Instant::NEVER } else { now.after(left * 4 / 5) };
        let until = now.after(left.max(period));
        if self.cold.relays.push(Relay { nonce, target, origin, origin_nonce, nack_at, until }, now) {
            self.wish(Intent::Ping { slot, nonce });
            self.schedule_nacks();
        } else {
            self.stats.intents_dropped += 1;
        }
    }

    /// Passes the answer to a favour on to whoever asked for it.
    pub(super) fn take_favour(&mut self, target: NodeId, nonce: Nonce, now: Instant) -> bool {
        let Some(relay) = self.cold.relays.on_answer(target, nonce, now) else { return false };
        self.schedule_nacks();
        if let Some(target) = self.membership.find(target) {
            self.wish(Intent::Relayed { to: relay.origin, target, nonce: relay.origin_nonce });
        }
        true
    }

    /// Tells whoever asked that there is no answer so far. A later answer is still passed on.
    pub(super) fn on_nacks_due(&mut self, now: Instant) {
        while let Some(relay) = self.cold.relays.take_nack(now) {
            self.wish(Intent::Nack { to: relay.origin, nonce: relay.origin_nonce });
        }
        self.schedule_nacks();
    }

    fn schedule_nacks(&mut self) {
        let next = self.cold.relays.next_deadline();
        self.deadlines.set(Timer::Nack, next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    fn relay(number: u8, nack_at: Instant, until: Instant) -> Relay {
        let origin = SocketAddr::from(([10, 0, 0, number], 7946));
        let (nonce, origin_nonce) = (Nonce([number; 8]), Nonce([100 + number; 8]));
        Relay { nonce, target: NodeId::from_u128(7), origin, origin_nonce, nack_at, until }
    }

    #[test]
    fn each_asker_hears_once_and_an_answer_makes_it_needless() {
        let (mut relays, target) = (Relays::new(), NodeId::from_u128(7));
        for (number, nack_at) in [(1, at(800)), (2, at(400)), (3, Instant::NEVER), (4, at(600))] {
            assert!(relays.push(relay(number, nack_at, at(1000)), at(0)));
        }
        assert_eq!((relays.next_deadline(), relays.take_nack(at(399))), (at(400), None));
        assert_eq!(relays.take_nack(at(400)).map(|relay| relay.nonce), Some(Nonce([2; 8])));
        assert!(relays.on_answer(target, Nonce([4; 8]), at(500)).is_some());
        assert!(relays.on_answer(target, Nonce([2; 8]), at(500)).is_some(), "a late answer counts");
        assert!(relays.on_answer(NodeId::from_u128(8), Nonce([1; 8]), at(500)).is_none(), "somebody else answers");
        assert_eq!(relays.next_deadline(), at(800));
        assert_eq!(relays.take_nack(at(900)).map(|relay| relay.nonce), Some(Nonce([1; 8])));
        assert_eq!((relays.take_nack(at(900)), relays.next_deadline()), (None, Instant::NEVER));
        assert!(relays.on_answer(target, Nonce([1; 8]), at(1000)).is_none(), "it is too late for any answer");
    }

    #[test]
    fn what_is_over_makes_room_wherever_it_lies() {
        let mut relays = Relays::new();
        assert!(relays.push(relay(0, Instant::NEVER, at(9000)), at(0)));
        (1..64).for_each(|number| assert!(relays.push(relay(number, Instant::NEVER, at(1000)), at(0))));
        assert!(!relays.push(relay(64, Instant::NEVER, at(1000)), at(999)));
        assert!(relays.push(relay(65, Instant::NEVER, at(2000)), at(1000)));
        assert!(relays.on_answer(NodeId::from_u128(7), Nonce([0; 8]), at(1000)).is_some(), "the first one stays");
    }
}
