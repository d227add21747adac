//! Which failure domains do the members stand in? A table, so that a row need only keep a place in it.
//!
//! A place is held for as long as a row points at it; then the next new domain takes it. Place 0 stands for no
//! domain, and so does every domain that comes while all places are taken.

use serde::{Deserialize, Serialize};

use crate::vocab::{Chunks, Domain, Map};

/// The most domains that are told apart.
const DOMAINS_MAX: usize = u16::MAX as usize;

/// The domains of all rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Domains {
    /// The domain at place `i + 1`, and how many rows point at it.
    held: Chunks<(Domain, u32)>,
    free: Chunks<u16>,
    places: Map<Domain, u16>,
}

impl Domains {
    pub(super) const fn new(hash_seed: u64) -> Self {
        Self { held: Chunks::new(), free: Chunks::new(), places: Map::new(hash_seed) }
    }

    /// The place of a domain for one more row.
    pub(super) fn hold(&mut self, domain: Domain) -> u16 {
        if domain == Domain::NONE {
            return 0;
        }
        if let Some(place) = self.places.get(domain) {
            self.held[usize::from(place) - 1].1 += 1;
            return place;
        }
        let place = if let Some(place) = self.free.pop() {
            self.held[usize::from(place) - 1] = (domain, 1);
            place
        } else if self.held.len() < DOMAINS_MAX {
            self.held.push((domain, 1));
            u16::try_from(self.held.len()).unwrap_or(u16::MAX)
        } else {
            return 0;
        };
        self.places.insert(domain, place);
        place
    }

    /// How many places there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// One row less points at a place.
    pub(super) fn release(&mut self, place: u16) {
        if place == 0 {
            return;
        }
        let (domain, rows) = &mut self.held[usize::from(place) - 1];
        *rows -= 1;
        if *rows == 0 {
            self.places.remove(*domain);
            self.free.push(place);
        }
    }

    pub(super) fn get(&self, place: u16) -> Domain {
        if place == 0 { Domain::NONE } else { self.held[usize::from(place) - 1].0 }
    }

    /// Asserts that the rows, whose places these are, hold what is held.
    pub(super) fn check(&self, places: impl Iterator<Item = u16>) {
        let mut rows = alloc::vec![0; self.held.len()];
        places.filter(|&place| place > 0).for_each(|place| rows[usize::from(place) - 1] += 1);
        for (place, (&(domain, held), &rows)) in (1..).zip(self.held.iter().zip(&rows)) {
            assert_eq!(held, rows, "a place is held by the rows that point at it");
            assert!(held == 0 || self.places.get(domain) == Some(place), "a held domain is found at its place");
        }
        assert_eq!(self.places.len() + self.free.len(), self.held.len(), "every place is held or free");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shared_and_used_again() {
        let [a, b, c] = ["a", "b", "c"].map(Domain::from_name);
        let mut domains = Domains::new(0);
        assert_eq!([a, b, a, Domain::NONE].map(|domain| domains.hold(domain)), [1, 2, 1, 0]);
        domains.release(1);
        assert_eq!(domains.get(1), a, "one row still points at it");
        domains.release(1);
        assert_eq!(domains.hold(c), 1);
        assert_eq!([domains.get(0), domains.get(1), domains.get(2)], [Domain::NONE, c, b]);
        domains.check([2, 1, 0].into_iter());
    }

    #[test]
    fn a_domain_too_many_is_none() {
        let mut domains = Domains::new(0);
        for number in 1..=u16::MAX {
            assert_eq!(domains.hold(Domain::from_number(number.into())), number);
        }
        let one_more = Domain::from_number(1 << 40);
        assert_eq!(domains.hold(one_more), 0);
        domains.release(0);
        assert_eq!(domains.hold(Domain::from_number(7)), 7, "those that are known stay known");
        domains.release(9);
        assert_eq!(domains.hold(one_more), 9);
        assert_eq!(domains.hold(Domain::from_number(9)), 0);
    }
}
