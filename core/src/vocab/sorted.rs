//! Places in an order that only the caller knows, for as little memory as can be.
//!
//! Numbers in short chunks: four bytes each, no pointers. The caller says how a number compares with what is
//! sought, so that the sorted things lie wherever they lie, once.

use alloc::vec::Vec;
use core::cmp::Ordering;
use serde::{Deserialize, Serialize};

/// So many numbers lie together; inserting moves no more than these.
const CHUNK: usize = 128;

/// Numbers in order.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Sorted {
    /// None is empty.
    chunks: Vec<Vec<u32>>,
}

impl Sorted {
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new() }
    }

    /// Inserts a number. `order` compares the numbers inside with the new one, to which none is equal.
    pub(crate) fn insert(&mut self, number: u32, order: impl Fn(u32) -> Ordering) {
        let is_last = self.last().is_none_or(|last| order(last).is_lt());
        let Some((chunk, place)) = Some(&order).filter(|_| !is_last).and_then(|order| self.seek(order)) else {
            // At the end, where what grows grows: full chunks stay full.
            match self.chunks.last_mut().filter(|last| last.len() < CHUNK) {
                Some(last) => last.push(number),
                None => self.chunks.push(alloc::vec![number]),
            }
            return;
        };
        if self.chunks[chunk].len() < CHUNK {
            self.chunks[chunk].insert(place, number);
            return;
        }
        let mut upper = self.chunks[chunk].split_off(CHUNK / 2);
        match place.checked_sub(CHUNK / 2) {
            Some(place) => upper.insert(place, number),
            None => self.chunks[chunk].insert(place, number),
        }
        self.chunks.insert(chunk + 1, upper);
    }

    /// Takes the number out that is what `order` seeks. Returns whether it was there.
    pub(crate) fn remove(&mut self, order: impl Fn(u32) -> Ordering) -> bool {
        let Some((chunk, place)) = self.seek(&order) else { return false };
        if order(self.chunks[chunk][place]) != Ordering::Equal {
            return false;
        }
        self.chunks[chunk].remove(place);
        // What is left of two neighbours lies together, or every number might keep a chunk for itself.
        self.join(chunk);
        if let Some(before) = chunk.checked_sub(1) {
            self.join(before);
        }
        true
    }

    /// Puts a chunk and the next one together if they have become short.
    fn join(&mut self, chunk: usize) {
        let [this, next] = [chunk, chunk + 1].map(|chunk| self.chunks.get(chunk).map_or(0, Vec::len));
        if this == 0 {
            self.chunks.remove(chunk);
        } else if next > 0 && this + next <= CHUNK / 2 {
            let next = self.chunks.remove(chunk + 1);
            self.chunks[chunk].extend(next);
        }
    }

    /// The number that is what `order` seeks.
    pub(crate) fn find(&self, order: impl Fn(u32) -> Ordering) -> Option<u32> {
        let (chunk, place) = self.seek(&order)?;
        Some(self.chunks[chunk][place]).filter(|&number| order(number) == Ordering::Equal)
    }

    /// The numbers from what `order` seeks on.
    pub(crate) fn starting_at(&self, order: impl Fn(u32) -> Ordering) -> impl Iterator<Item = u32> + '_ {
        let (chunk, place) = self.seek(&order).unwrap_or((self.chunks.len(), 0));
        let (first, rest) = self.chunks[chunk..].split_first().map_or((&[][..], &[][..]), |(f, r)| (&f[place..], r));
        first.iter().chain(rest.iter().flatten()).copied()
    }

    /// The last number that is before what `order` seeks.
    pub(crate) fn last_before(&self, order: impl Fn(u32) -> Ordering) -> Option<u32> {
        let (chunk, place) = self.seek(&order).unwrap_or((self.chunks.len(), 0));
        match place.checked_sub(1) {
            Some(place) => Some(self.chunks[chunk][place]),
            None => self.chunks[..chunk].last()?.last().copied(),
        }
    }

    /// All numbers in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.chunks.iter().flatten().copied()
    }

    fn last(&self) -> Option<u32> {
        self.chunks.last()?.last().copied()
    }

    /// Chunk and place of the first number that is not before what `order` seeks.
    fn seek(&self, order: impl Fn(u32) -> Ordering) -> Option<(usize, usize)> {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(|&last| order(last).is_lt()));
        let place = self.chunks.get(chunk)?.partition_point(|&number| order(number).is_lt());
        Some((chunk, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    const COUNT: u32 = 128;
    const _: () = assert!(COUNT as usize == CHUNK);

    proptest! {
        #[test]
        fn it_is_a_sorted_set(steps in prop::collection::vec((any::<bool>(), 0..600_u32), 0..1500)) {
            let (mut sorted, mut model) = (Sorted::default(), BTreeSet::new());
            for (insert, number) in steps {
                if insert && model.insert(number) {
                    sorted.insert(number, |other| other.cmp(&number));
                } else if !insert {
                    prop_assert_eq!(sorted.remove(|other| other.cmp(&number)), model.remove(&number));
                }
            }
            prop_assert!(sorted.iter().eq(model.iter().copied()));
            for sought in [0, 17, 300, 599, 600] {
                prop_assert!(sorted.starting_at(|other| other.cmp(&sought)).eq(model.range(sought..).copied()));
                prop_assert_eq!(sorted.find(|other| other.cmp(&sought)), model.get(&sought).copied());
                prop_assert_eq!(sorted.last_before(|other| other.cmp(&sought)), model.range(..sought).last().copied());
            }
        }
    }

    #[test]
    fn what_grows_at_its_end_lies_densely() {
        let mut sorted = Sorted::default();
        (0..10 * COUNT).for_each(|number| sorted.insert(number, |other| other.cmp(&number)));
        assert_eq!(sorted.chunks.len(), 10);
    }

    #[test]
    fn what_few_are_left_lie_together() {
        let mut sorted = Sorted::default();
        let count = 100 * COUNT;
        (0..count).for_each(|number| sorted.insert(number, |other| other.cmp(&number)));
        for number in (0..count).filter(|number| number % COUNT != 0) {
            assert!(sorted.remove(|other| other.cmp(&number)));
        }
        assert!(sorted.chunks.len() <= 4, "{} chunks for 100 numbers", sorted.chunks.len());
    }
}
