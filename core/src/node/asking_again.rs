//! A question about a map was lost, or its answer: who else is asked?
//!
//! While changes are awaited, nobody else is asked for them. Whoever tells of them meanwhile is noted, and asked when
//! they have not come. So every telling is worth one question, at once or later, and a node that knows what it lacks
//! does not wait for a repair, which may have backed off.

use alloc::vec::Vec;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::vocab::{Cookie, Instant, Slot};

use super::exchanges::Asks;
use super::{Cold, Node};

/// The most tellers that are noted, in all and of one owner.
const TELLERS_MAX: usize = 128;
const TELLERS_PER_OWNER_MAX: usize = 3;

/// Somebody who told of changes that were awaited already.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Teller {
    slot: Slot,
    to: SocketAddr,
    cookie: Cookie,
}

/// Who can be asked for what somebody else was asked for, in the order in which they told of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Tellers {
    noted: Vec<Teller>,
    /// They are not looked through before this, so that questions to one peer share their datagrams.
    next: Instant,
}

impl Tellers {
    pub(super) const fn new() -> Self {
        Self { noted: Vec::new(), next: Instant::from_nanos(0) }
    }

    /// Notes who told of changes of an owner that are awaited, unless there are enough.
    pub(super) fn note(&mut self, slot: Slot, to: SocketAddr, cookie: Cookie) {
        let of_owner = || self.noted.iter().filter(|teller| teller.slot == slot);
        let enough = self.noted.len() >= TELLERS_MAX || of_owner().count() >= TELLERS_PER_OWNER_MAX;
        if !enough && of_owner().all(|teller| teller.to != to) {
            self.noted.push(Teller { slot, to, cookie });
        }
    }

    /// Another owner will have the row.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.noted.retain(|teller| teller.slot != slot);
    }
}

impl Node {
    /// Asks the next ones who told of it for what was asked for and has not come. Who has more to tell than it can
    /// asks nobody twice.
    pub(super) fn ask_others(&mut self, now: Instant) {
        let until = self.awaited_until(now);
        let Cold { exchanges, state, config, .. } = &mut *self.cold;
        let tellers = &mut exchanges.tellers;
        if tellers.noted.is_empty() || tellers.next > now || exchanges.held {
            return;
        }
        tellers.next = now.after(config.gossip_interval);
        let mut all: Vec<Asks> = Vec::new();
        tellers.noted.retain(|&Teller { slot, to, cookie }| {
            let Some(awaited) = state.asked_until(slot) else { return false };
            if awaited <= now {
                state.ask_again(slot, until);
                match all.iter_mut().find(|asks| asks.to == to) {
                    Some(asks) => asks.slots.push(slot),
                    None => all.push(Asks { to, slots: alloc::vec![slot], cookie }),
                }
            }
            awaited > now
        });
        all.into_iter().for_each(|asks| self.ask(asks));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tellers_of_one_owner_are_few_and_leave_with_it() {
        let addr = |last| SocketAddr::from(([10, 0, 0, last], 7946));
        let mut tellers = Tellers::new();
        for last in [1, 1, 2, 3, 4] {
            tellers.note(Slot(3), addr(last), Cookie([last; 8]));
        }
        let noted = tellers.noted.iter().map(|teller| teller.to);
        assert_eq!(noted.collect::<Vec<_>>(), [addr(1), addr(2), addr(3)]);
        tellers.note(Slot(4), addr(4), Cookie([4; 8]));
        tellers.forget(Slot(3));
        assert_eq!(tellers.noted.len(), 1, "the other owner's is kept");
        (0..500).for_each(|slot| tellers.note(Slot(slot), addr(1), Cookie([1; 8])));
        assert_eq!(tellers.noted.len(), TELLERS_MAX);
    }
}
