//! Who says that it is a member that lives at another address, and does that member still answer there?
//!
//! A restart elsewhere and a second node with the same identity look alike: a life that is known nowhere else, told
//! by its owner. So it waits until the old address was asked a few times. Silence lets it in; an answer of the old
//! life keeps it out. Only what the owner says itself waits: whoever tells it on has asked.

use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Incarnation, Instant, NodeId, Nonce, Record};

/// The most that wait at once; one more is refused, and told again by its owner.
pub(crate) const TAKEOVERS_MAX: usize = 16;

/// How often the old address is asked.
const TRIES: u8 = 4;

/// A life that waits to be believed.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Takeover {
    record: Record,
    /// Of the pings to the old address.
    nonce: Nonce,
    tries_left: u8,
    next: Instant,
}

/// What is to be done about a life that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Ping the old address of this member.
    Ask(NodeId, Nonce),
    /// Nobody answered there: believe this.
    Believe(Record),
}

/// The lives that wait.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Takeovers {
    waiting: Vec<Takeover>,
}

impl Takeovers {
    /// Lets a life wait, or the newer one of two of the same member. Returns whether it is the first that waits;
    /// `None` when there is no room.
    pub(crate) fn hold(&mut self, record: &Record, nonce: Nonce, now: Instant) -> Option<bool> {
        if let Some(known) = self.waiting.iter_mut().find(|known| known.record.id == record.id) {
            if known.record.incarnation < record.incarnation {
                known.record = *record;
            }
            return Some(false);
        }
        if self.waiting.len() >= TAKEOVERS_MAX {
            return None;
        }
        self.waiting.push(Takeover { record: *record, nonce, tries_left: TRIES, next: now });
        Some(true)
    }

    /// Takes what is due; the next one of the same member after a pause.
    pub(crate) fn take_due(&mut self, pause: Duration, now: Instant) -> Option<Due> {
        let place = self.waiting.iter().position(|takeover| takeover.next <= now)?;
        let takeover = self.waiting.get_mut(place)?;
        if let Some(left) = takeover.tries_left.checked_sub(1) {
            (takeover.tries_left, takeover.next) = (left, now.after(pause));
            return Some(Due::Ask(takeover.record.id, takeover.nonce));
        }
        Some(Due::Believe(self.waiting.swap_remove(place).record))
    }

    /// Somebody answered a ping. Takes out what was waiting for that.
    pub(crate) fn on_answer(&mut self, id: NodeId, nonce: Nonce) -> Option<Record> {
        let place = self.waiting.iter().position(|takeover| (takeover.record.id, takeover.nonce) == (id, nonce))?;
        Some(self.waiting.swap_remove(place).record)
    }

    /// Whether just this statement of a member waits.
    pub(crate) fn waits(&self, id: NodeId, incarnation: Incarnation) -> bool {
        self.waiting.iter().any(|takeover| (takeover.record.id, takeover.record.incarnation) == (id, incarnation))
    }

    pub(crate) fn next_deadline(&self) -> Instant {
        self.waiting.iter().map(|takeover| takeover.next).min().unwrap_or(Instant::NEVER)
    }

    /// How many wait.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use core::net::SocketAddr;

    use super::*;

    const PAUSE: Duration = Duration::from_millis(250);

    fn life(id: u128, boot: u64) -> Record {
        Record::of_new_life(NodeId::from_u128(id), boot, SocketAddr::from(([10, 0, 0, 1], 1)))
    }

    #[test]
    fn silence_at_the_old_address_lets_the_newest_life_in() {
        let (mut takeovers, mut now) = (Takeovers::default(), Instant::from_nanos(0));
        let nonce = Nonce([7; 8]);
        assert_eq!(takeovers.hold(&life(1, 2), nonce, now), Some(true));
        assert_eq!(takeovers.hold(&life(1, 3), Nonce([8; 8]), now), Some(false));
        assert_eq!(takeovers.hold(&life(1, 1), Nonce([9; 8]), now), Some(false));
        for _ in 0..TRIES {
            assert_eq!(takeovers.take_due(PAUSE, now), Some(Due::Ask(NodeId::from_u128(1), nonce)));
            assert_eq!(takeovers.take_due(PAUSE, now), None);
            now = takeovers.next_deadline();
        }
        assert_eq!(now, Instant::from_nanos(0).after(PAUSE * TRIES.into()));
        assert_eq!(takeovers.take_due(PAUSE, now), Some(Due::Believe(life(1, 3))));
        assert_eq!((takeovers.len(), takeovers.next_deadline()), (0, Instant::NEVER));
    }

    #[test]
    fn an_answer_counts_once_and_only_for_its_member() {
        let (mut takeovers, now) = (Takeovers::default(), Instant::from_nanos(0));
        for id in 0..TAKEOVERS_MAX as u128 {
            assert_eq!(takeovers.hold(&life(id, 2), Nonce([7; 8]), now), Some(true));
        }
        assert_eq!(takeovers.hold(&life(99, 2), Nonce([7; 8]), now), None, "there is no more room");
        assert_eq!(takeovers.on_answer(NodeId::from_u128(3), Nonce([8; 8])), None);
        assert_eq!(takeovers.on_answer(NodeId::from_u128(3), Nonce([7; 8])), Some(life(3, 2)));
        assert_eq!(takeovers.on_answer(NodeId::from_u128(3), Nonce([7; 8])), None);
    }
}
