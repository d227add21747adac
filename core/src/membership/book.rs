//! Where might somebody be whom nobody remembers any more?
//!
//! A partition may outlive every tombstone; then no roster on either side has a row of the other side. This
//! book does: the seeds, and the last addresses of members that died and were forgotten. It is local and never
//! told to anybody; it is bounded, and a newcomer takes the place of a random older one, so that what went
//! lately is likely to be in it, and another node's book has others. All nodes together try each entry about
//! once per interval, for ever.

use alloc::vec::Vec;
use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::vocab::{NodeId, Rng};

/// The most forgotten members whose addresses are kept.
pub(crate) const GONE_MAX: usize = 64;

/// Somebody who might be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Who was there last; a seed is unknown until it has answered.
    pub(crate) id: Option<NodeId>,
    pub(crate) addr: SocketAddr,
}

/// The book.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Book {
    /// In the order in which they were given.
    seeds: Vec<Entry>,
    gone: Vec<Entry>,
}

impl Book {
    pub(crate) fn set_seeds(&mut self, seeds: &[SocketAddr]) {
        self.seeds = seeds.iter().map(|&addr| Entry { id: None, addr }).collect();
    }

    /// One of the seeds, counted around.
    pub(crate) fn seed(&self, turn: usize) -> Option<SocketAddr> {
        self.seeds.get(turn.checked_rem(self.seeds.len())?).map(|seed| seed.addr)
    }

    /// Notes where a member was that is being forgotten.
    pub(crate) fn note(&mut self, id: NodeId, addr: SocketAddr, rng: &mut Rng) {
        let entry = Entry { id: Some(id), addr };
        if self.seeds.iter().any(|seed| seed.addr == addr) {
            return;
        }
        self.gone.retain(|known| known.id != entry.id && known.addr != addr);
        if self.gone.len() < GONE_MAX {
            self.gone.push(entry);
        } else {
            let place = rng.below(u32::try_from(GONE_MAX).unwrap_or(u32::MAX)) as usize;
            self.gone[place] = entry;
        }
    }

    /// Whom to try in this interval, if anybody: in a cluster of so many live members, each of which has about
    /// the same book, it is this node's turn with any one entry once in as many intervals.
    pub(crate) fn choose(&self, live: u32, rng: &mut Rng) -> Option<Entry> {
        let entries = u32::try_from(self.seeds.len() + self.gone.len()).unwrap_or(u32::MAX);
        if entries == 0 {
            return None;
        }
        let place = rng.below(live.max(entries)) as usize;
        self.seeds.iter().chain(&self.gone).nth(place).copied()
    }

    /// Somebody answered at an address.
    pub(crate) fn on_answer(&mut self, addr: SocketAddr, id: NodeId) {
        for entry in self.seeds.iter_mut().chain(&mut self.gone).filter(|entry| entry.addr == addr) {
            entry.id = Some(id);
        }
    }

    /// How many addresses are in it.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.seeds.len() + self.gone.len()
    }

    /// An entry is a member again: there is no need to look for it. Seeds stay.
    pub(crate) fn strike(&mut self, entry: Entry) {
        self.gone.retain(|gone| *gone != entry);
    }

    /// Nobody shall look for a member any more, nor for whoever is at its address. Seeds stay.
    pub(crate) fn forget(&mut self, id: NodeId, addr: SocketAddr) {
        self.gone.retain(|gone| gone.id != Some(id) && gone.addr != addr);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(port: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], port))
    }

    #[test]
    fn memory_is_bounded_and_what_went_last_is_in_it() {
        let mut rng = Rng::new(1, NodeId::from_u128(1), 1);
        let mut book = Book::default();
        for port in 1..=1000 {
            book.note(NodeId::from_u128(port.into()), addr(port), &mut rng);
            assert_eq!(book.gone.iter().filter(|entry| entry.addr == addr(port)).count(), 1);
            assert!(book.gone.len() <= GONE_MAX);
        }
        let late = book.gone.iter().filter(|entry| entry.addr.port() > 900).count();
        assert!(late > GONE_MAX / 2, "{late} of the last hundred");
    }

    #[test]
    fn a_member_that_moved_or_an_address_that_changed_hands_has_one_entry() {
        let mut rng = Rng::new(1, NodeId::from_u128(1), 1);
        let mut book = Book::default();
        book.note(NodeId::from_u128(1), addr(1), &mut rng);
        book.note(NodeId::from_u128(1), addr(2), &mut rng);
        book.note(NodeId::from_u128(2), addr(2), &mut rng);
        book.note(NodeId::from_u128(3), addr(3), &mut rng);
        book.note(NodeId::from_u128(2), addr(3), &mut rng);
        assert_eq!(book.gone, [Entry { id: Some(NodeId::from_u128(2)), addr: addr(3) }]);
    }

    #[test]
    fn all_nodes_together_try_each_entry_about_once_per_interval() {
        let mut rng = Rng::new(1, NodeId::from_u128(1), 1);
        let mut book = Book::default();
        book.set_seeds(&[addr(1), addr(2)]);
        book.note(NodeId::from_u128(3), addr(3), &mut rng);
        let mut tries = [0_u32; 4];
        for _node in 0..10_000 {
            tries[book.choose(1000, &mut rng).map_or(0, |entry| usize::from(entry.addr.port()))] += 1;
        }
        assert!(tries[1..].iter().all(|tries| (2..=25).contains(tries)), "10 expected of each: {tries:?}");
        assert!(book.choose(1, &mut rng).is_some(), "a node that is alone tries somebody every time");
    }

    #[test]
    fn seeds_come_around_and_stay() {
        let mut book = Book::default();
        assert_eq!(book.seed(5), None);
        book.set_seeds(&[addr(1), addr(2)]);
        assert_eq!([0, 1, 2].map(|turn| book.seed(turn)), [Some(addr(1)), Some(addr(2)), Some(addr(1))]);
        book.on_answer(addr(1), NodeId::from_u128(7));
        let seed = Entry { id: Some(NodeId::from_u128(7)), addr: addr(1) };
        book.strike(seed);
        book.note(NodeId::from_u128(7), addr(1), &mut Rng::new(1, NodeId::from_u128(1), 1));
        assert_eq!((book.seeds[0], book.gone.len()), (seed, 0), "nor is it in the book twice");
    }

    #[test]
    fn nobody_looks_for_whoever_was_removed() {
        let mut rng = Rng::new(1, NodeId::from_u128(1), 1);
        let mut book = Book::default();
        book.set_seeds(&[addr(1)]);
        for port in 2..=5 {
            book.note(NodeId::from_u128(port.into()), addr(port), &mut rng);
        }
        book.forget(NodeId::from_u128(2), addr(3));
        book.forget(NodeId::from_u128(1), addr(1));
        assert_eq!((book.gone.len(), book.seeds.len()), (2, 1));
        assert!(book.gone.iter().all(|entry| entry.addr.port() > 3));
    }
}
