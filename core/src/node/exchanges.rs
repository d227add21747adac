//! What is exchanged with whom: whose changes are asked for, whose are given, and which came too early.
//!
//! Giving is held back when too much was given lately; asking is not.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::vocab::{Cookie, Head, Instant, Rates, Ring, Slot, Span};

use super::asking_again::Tellers;

/// So many datagrams of changes follow one request; then the receiver shall ask again, which paces what is long.
pub(super) const WINDOW: u16 = 32;

/// Exchanges that wait or are under way.
const EXCHANGES_MAX: usize = 64;

/// Changes that came before those before them: as many as a window brings, and as many bytes.
const EARLY_MAX: usize = 2 * WINDOW as usize;
const EARLY_BYTES_MAX: usize = 1 << 17;

/// What is given to one peer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) to: SocketAddr,
    /// Whose changes are given, and how far the peer's copies have come.
    pub(super) gives: Vec<Give>,
    /// So many more datagrams may be given.
    pub(super) window: u16,
    /// When it was first asked for.
    pub(super) since: Instant,
    /// What the peer desires to write and is permitted to; answered with the first changes.
    pub(super) rates: Option<Rates>,
    /// Whether each of them asks how far the peer's copy of the own map has come.
    pub(super) confirm: bool,
}

/// What is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Asks {
    pub(super) to: SocketAddr,
    /// Whose changes are asked for, and the cookie that was given for it.
    pub(super) slots: Vec<Slot>,
    pub(super) cookie: Cookie,
}

/// What is given of one owner.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Give {
    pub(super) slot: Slot,
    pub(super) copy: Head,
    /// Until when the peer waits for more of it. Then it asks somebody else, also while others' changes still come.
    pub(super) until: Instant,
}

impl Exchange {
    /// Gives up what the peer waits for no more. Returns whether there was any.
    pub(super) fn drop_late(&mut self, now: Instant) -> bool {
        let before = self.gives.len();
        self.gives.retain(|give| give.until > now);
        self.gives.len() < before
    }
}

/// Everything that is under way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Exchanges {
    pub(super) gives: Ring<Exchange>,
    pub(super) asks: Ring<Asks>,
    /// Too much was given lately: nothing more is for a while.
    pub(super) held: bool,
    /// Who was told this node's rates, and until when the answer is awaited.
    pub(super) told_rates: Option<(SocketAddr, Instant)>,
    /// The last digest named nothing new, although the sums differed: perhaps it was cut short, so the next one shall
    /// have more room.
    pub(super) fruitless: bool,
    pub(super) tellers: Tellers,
    early: Vec<Early>,
    early_bytes: usize,
}

/// Changes that came too early: datagrams overtake each other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Early {
    slot: Slot,
    pub(super) span: Span,
    pub(super) items: Box<[u8]>,
}

impl Exchanges {
    pub(super) const fn new() -> Self {
        Self {
            gives: Ring::new(EXCHANGES_MAX),
            asks: Ring::new(EXCHANGES_MAX),
            held: false,
            told_rates: None,
            fruitless: false,
            tellers: Tellers::new(),
            early: Vec::new(),
            early_bytes: 0,
        }
    }

    /// How many wait that may be sent.
    pub(super) fn sendable(&self) -> usize {
        self.asks.len() + if self.held { 0 } else { self.gives.len() }
    }

    /// What waits to be given to a peer.
    pub(super) fn waiting_for(&mut self, to: SocketAddr) -> Option<&mut Exchange> {
        let place = self.gives.iter().position(|waiting| waiting.to == to)?;
        self.gives.get_mut(place)
    }

    /// Whether an exchange with a peer waits that asks how far its copy of the own map has come.
    pub(super) fn confirms(&self, to: SocketAddr) -> bool {
        self.gives.iter().any(|waiting| waiting.confirm && waiting.to == to)
    }

    /// Changes that came too early.
    pub(super) fn early(&mut self) -> impl Iterator<Item = &mut Early> {
        self.early.iter_mut()
    }

    /// Keeps changes for later, at the price of those that were kept first.
    pub(super) fn keep(&mut self, slot: Slot, span: Span, items: &[u8]) {
        while self.early.len() >= EARLY_MAX || self.early_bytes + items.len() > EARLY_BYTES_MAX {
            if self.early.is_empty() {
                return;
            }
            self.early_bytes -= self.early.remove(0).items.len();
        }
        self.early_bytes += items.len();
        self.early.push(Early { slot, span, items: items.into() });
    }

    /// Gives up what was kept of an owner, is given of it and is asked for: another one will have its row.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.gives.iter_mut().for_each(|waiting| waiting.gives.retain(|give| give.slot != slot));
        self.gives.retain(|waiting| !waiting.gives.is_empty());
        self.asks.iter_mut().for_each(|asked| asked.slots.retain(|&other| other != slot));
        self.asks.retain(|asked| !asked.slots.is_empty());
        self.early.retain(|early| early.slot != slot);
        self.early_bytes = self.early.iter().map(|early| early.items.len()).sum();
        self.tellers.forget(slot);
    }

    /// Takes out changes that a copy at this head has no gap before.
    pub(super) fn take(&mut self, slot: Slot, head: Head) -> Option<Early> {
        let fits = |early: &Early| {
            early.slot == slot && (early.span.from <= head.version || early.span.head.epoch < head.epoch)
        };
        let place = self.early.iter().position(fits)?;
        let early = self.early.remove(place);
        self.early_bytes -= early.items.len();
        Some(early)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_for_one_map_does_not_wait_for_all() {
        let at = Instant::from_nanos;
        let give = |slot, until| Give { slot: Slot(slot), copy: Head::default(), until: at(until) };
        let to = SocketAddr::from(([10, 0, 0, 1], 7946));
        let gives = alloc::vec![give(1, 20), give(2, 10), give(3, 20)];
        let mut exchange = Exchange { to, gives, window: WINDOW, since: at(0), rates: None, confirm: false };
        assert!(!exchange.drop_late(at(9)));
        assert!(exchange.drop_late(at(10)));
        assert_eq!(exchange.gives.iter().map(|give| give.slot.0).collect::<Vec<_>>(), [1, 3]);
        assert!(exchange.drop_late(at(20)) && exchange.gives.is_empty());
    }

    #[test]
    fn a_new_owner_of_a_row_inherits_no_exchange() {
        let addr = |last| SocketAddr::from(([10, 0, 0, last], 7946));
        let mut exchanges = Exchanges::new();
        for (last, slots) in [(1, &[3, 4][..]), (2, &[3]), (3, &[5])] {
            let until = Instant::from_nanos(20);
            let gives = slots.iter().map(|&slot| Give { slot: Slot(slot), copy: Head::default(), until }).collect();
            let (window, since, to) = (WINDOW, Instant::from_nanos(0), addr(last));
            let given = Exchange { to, gives, window, since, rates: None, confirm: false };
            assert!(exchanges.gives.push_back(given).is_ok());
            let slots = slots.iter().copied().map(Slot).collect();
            assert!(exchanges.asks.push_back(Asks { to, slots, cookie: Cookie([last; 8]) }).is_ok());
        }
        exchanges.forget(Slot(3));
        let gives = exchanges.gives.iter().map(|given| (given.to, given.gives.iter().map(|give| give.slot).collect()));
        let asks = exchanges.asks.iter().map(|asked| (asked.to, asked.slots.clone()));
        let left: [(_, Vec<Slot>); 2] = [(addr(1), [Slot(4)].into()), (addr(3), [Slot(5)].into())];
        assert_eq!(gives.collect::<Vec<_>>(), left);
        assert_eq!(asks.collect::<Vec<_>>(), left, "whoever is asked for nobody else is not asked");
        assert_eq!(exchanges.sendable(), 4);
    }

    #[test]
    fn what_came_early_of_one_owner_is_never_taken_for_anothers() {
        let mut exchanges = Exchanges::new();
        let head = Head { epoch: 1, watermark: 0, version: 9, sum: 0 };
        exchanges.keep(Slot(3), Span { head, from: 5, to: 9 }, &[0; 10]);
        exchanges.keep(Slot(4), Span { head, from: 5, to: 9 }, &[0; 20]);
        exchanges.forget(Slot(3));
        assert!(exchanges.take(Slot(3), Head { version: 7, ..head }).is_none(), "the row has another owner");
        assert!(exchanges.take(Slot(4), Head { version: 7, ..head }).is_some());
        assert_eq!(exchanges.early_bytes, 0);
    }
}
