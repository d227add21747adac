//! Rows that are found by their place, and keep it while they are there; a place that was given up is the next one's.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::Chunks;

/// Rows with places. One that was given up is a default one until somebody takes its place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Table<T> {
    rows: Chunks<T>,
    free: Vec<u32>,
}

impl<T: Default> Table<T> {
    pub(crate) const fn new() -> Self {
        Self { rows: Chunks::new(), free: Vec::new() }
    }

    pub(crate) fn get(&self, place: u32) -> &T {
        &self.rows[place as usize]
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> &mut T {
        &mut self.rows[place as usize]
    }

    /// Takes a row in and returns its place.
    pub(crate) fn insert(&mut self, row: T) -> u32 {
        if let Some(place) = self.free.pop() {
            *self.get_mut(place) = row;
            return place;
        }
        self.rows.push(row);
        // Its users are bounded far below 2^32 rows.
        u32::try_from(self.rows.len() - 1).unwrap_or(u32::MAX)
    }

    /// Gives a place up and returns what was there.
    pub(crate) fn remove(&mut self, place: u32) -> T {
        self.free.push(place);
        core::mem::take(self.get_mut(place))
    }

    /// How many places there are, those that were given up included.
    pub(crate) fn places(&self) -> usize {
        self.rows.len()
    }

    /// The places that are taken.
    pub(crate) fn taken(&self) -> Vec<u32> {
        let free: BTreeSet<u32> = self.free.iter().copied().collect();
        (0..u32::try_from(self.places()).unwrap_or(u32::MAX)).filter(|place| !free.contains(place)).collect()
    }

    /// How many places are taken.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.places() - self.free.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_kept_and_one_that_was_given_up_is_taken_next() {
        let mut table = Table::new();
        let places: Vec<u32> = (0..600_u32).map(|number| table.insert(number)).collect();
        assert!(places.iter().zip(0..).all(|(&place, number)| *table.get(place) == number));
        assert_eq!((table.remove(300), table.remove(7), table.len()), (300, 7, 598));
        assert_eq!((table.insert(1000), table.insert(2000), table.insert(3000)), (7, 300, 600));
        assert_eq!((*table.get(7), *table.get(300), *table.get(600), table.len()), (1000, 2000, 3000, 601));
    }
}
