//! Rows that are found by their place, and keep it while they are there.
//!
//! In chunks, so that growing moves no row; a place that was given up is the next one's.

use alloc::vec::Vec;

const CHUNK: usize = 256;

/// Rows with places. One that was given up is a default one until somebody takes its place.
#[derive(Debug, Clone)]
pub(crate) struct Table<T> {
    chunks: Vec<Vec<T>>,
    free: Vec<u32>,
}

impl<T: Default> Table<T> {
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn get(&self, place: u32) -> &T {
        &self.chunks[place as usize / CHUNK][place as usize % CHUNK]
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> &mut T {
        &mut self.chunks[place as usize / CHUNK][place as usize % CHUNK]
    }

    /// Takes a row in and returns its place.
    pub(crate) fn insert(&mut self, row: T) -> u32 {
        if let Some(place) = self.free.pop() {
            *self.get_mut(place) = row;
            return place;
        }
        let len = self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len());
        if len.is_multiple_of(CHUNK) {
            self.chunks.push(if len == 0 { Vec::new() } else { Vec::with_capacity(CHUNK) });
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(row);
        }
        // Its users are bounded far below 2^32 rows.
        u32::try_from(len).unwrap_or(u32::MAX)
    }

    /// Gives a place up and returns what was there.
    pub(crate) fn remove(&mut self, place: u32) -> T {
        self.free.push(place);
        core::mem::take(self.get_mut(place))
    }

    /// How many places there are, those that were given up included.
    pub(crate) fn places(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    /// How many places are taken.
    pub(crate) fn len(&self) -> usize {
        self.places() - self.free.len()
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
