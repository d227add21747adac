//! Events that wait for the application, bounded.
//!
//! When the queue is full, a change of a member that has one waiting already replaces it, so that replaying
//! what is left still ends with the right map. Only when that fails is an event lost, and that is said.

use super::io::{Event, MemberChange};
use crate::vocab::{Map, NodeId, Ring};

/// Places that only events about the node itself may take: a driver must not miss a new incarnation because
/// the cluster is noisy.
const RESERVED: usize = 16;

/// The queue.
#[derive(Debug, Clone)]
pub(super) struct Events {
    queue: Ring<Event>,
    /// How many changes of members may wait.
    max: usize,
    /// Number of the latest waiting change of a member; the front of the queue has number `taken`.
    latest: Map<NodeId, u64>,
    taken: u64,
    lost: u64,
}

impl Events {
    pub(super) const fn new(max: usize, hash_seed: u64) -> Self {
        Self { queue: Ring::new(max + RESERVED), max, latest: Map::new(hash_seed), taken: 0, lost: 0 }
    }

    pub(super) fn push(&mut self, event: Event) {
        let number = self.taken + self.queue.len() as u64;
        if let Event::Member(change) = event {
            if self.queue.len() >= self.max {
                self.lost += u64::from(!self.coalesce(change));
                return;
            }
            self.latest.insert(change.id, number);
        }
        if self.queue.push_back(event).is_err() {
            self.lost += 1;
        }
    }

    /// Lets the waiting change of the same member say the newer thing.
    fn coalesce(&mut self, newer: MemberChange) -> bool {
        let place = self.latest.get(newer.id).and_then(|number| usize::try_from(number - self.taken).ok());
        match place.and_then(|place| self.queue.get_mut(place)) {
            Some(Event::Member(waiting)) => {
                *waiting = MemberChange { was: waiting.was, ..newer };
                true
            }
            _ => false,
        }
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        if self.lost > 0 {
            let count = core::mem::take(&mut self.lost);
            return Some(Event::EventsLost { count });
        }
        let event = self.queue.pop_front()?;
        if let Event::Member(change) = event
            && self.latest.get(change.id) == Some(self.taken)
        {
            self.latest.remove(change.id);
        }
        self.taken += 1;
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::net::SocketAddr;

    use super::super::io::Reason;
    use super::*;
    use crate::vocab::{Health, Incarnation};

    fn change(id: u128, was: Option<Health>, health: Health) -> Event {
        let addr = SocketAddr::from(([10, 0, 0, 1], 1));
        let (id, incarnation) = (NodeId::from_u128(id), Incarnation::first(1));
        Event::Member(MemberChange { id, addr, incarnation, health, was, reason: Reason::Rumour, hops: 1 })
    }

    #[test]
    fn a_full_queue_keeps_the_last_word_about_each_member() {
        let mut events = Events::new(2, 0);
        events.push(change(1, None, Health::Alive));
        events.push(change(2, None, Health::Alive));
        events.push(change(1, Some(Health::Alive), Health::Suspect));
        events.push(change(1, Some(Health::Suspect), Health::Dead));
        events.push(change(3, None, Health::Alive));
        let drained: Vec<Event> = core::iter::from_fn(|| events.pop()).collect();
        let kept = [change(1, None, Health::Dead), change(2, None, Health::Alive)];
        assert_eq!(drained, [Event::EventsLost { count: 1 }, kept[0], kept[1]]);
        events.push(change(1, Some(Health::Dead), Health::Alive));
        assert_eq!(events.pop(), Some(change(1, Some(Health::Dead), Health::Alive)));
        assert_eq!(events.pop(), None);
    }
}
