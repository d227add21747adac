//! A list that grows without moving what is in it, so that no call pays for all that came before.
//!
//! Chunks of one length. The first one grows with a short list; the others are laid out whole.

use alloc::vec::Vec;
use core::ops::{Index, IndexMut};
use serde::{Deserialize, Serialize};

/// So many items lie together.
const CHUNK: usize = 512;

/// Items by their places.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Chunks<T> {
    first: Vec<T>,
    /// All behind the first; none is empty, and all but the last are full.
    more: Vec<Vec<T>>,
}

impl<T> Chunks<T> {
    pub(crate) const fn new() -> Self {
        Self { first: Vec::new(), more: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        match self.more.split_last() {
            None => self.first.len(),
            Some((last, full)) => (1 + full.len()) * CHUNK + last.len(),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        let chunk = match (place / CHUNK).checked_sub(1) {
            None => &self.first,
            Some(chunk) => self.more.get(chunk)?,
        };
        chunk.get(place % CHUNK)
    }

    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        let chunk = match (place / CHUNK).checked_sub(1) {
            None => &mut self.first,
            Some(chunk) => self.more.get_mut(chunk)?,
        };
        chunk.get_mut(place % CHUNK)
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.first.len() < CHUNK {
            self.first.push(item);
            return;
        }
        if self.more.last().is_none_or(|last| last.len() >= CHUNK) {
            self.more.push(Vec::with_capacity(CHUNK));
        }
        if let Some(last) = self.more.last_mut() {
            last.push(item);
        }
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        let Some(last) = self.more.last_mut() else { return self.first.pop() };
        let item = last.pop();
        if last.is_empty() {
            self.more.pop();
        }
        item
    }

    /// Takes an item out; the last one takes its place. Nothing happens where nothing is.
    pub(crate) fn swap_remove(&mut self, place: usize) {
        if place < self.len()
            && let Some(last) = self.pop()
            && let Some(item) = self.get_mut(place)
        {
            *item = last;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(self.more.iter().flatten())
    }
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Index<usize> for Chunks<T> {
    type Output = T;

    fn index(&self, place: usize) -> &T {
        match (place / CHUNK).checked_sub(1) {
            None => &self.first[place],
            Some(chunk) => &self.more[chunk][place % CHUNK],
        }
    }
}

impl<T> IndexMut<usize> for Chunks<T> {
    fn index_mut(&mut self, place: usize) -> &mut T {
        match (place / CHUNK).checked_sub(1) {
            None => &mut self.first[place],
            Some(chunk) => &mut self.more[chunk][place % CHUNK],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_list(steps in prop::collection::vec((0..4_u8, 1..400_usize), 1..40)) {
            let (mut chunks, mut model) = (Chunks::new(), Vec::new());
            for (step, times) in steps {
                for number in 0..times {
                    match step {
                        0 | 1 => {
                            chunks.push(number);
                            model.push(number);
                        }
                        2 => prop_assert_eq!(chunks.pop(), model.pop()),
                        _ => {
                            let place = number * 7;
                            chunks.swap_remove(place);
                            if place < model.len() {
                                model.swap_remove(place);
                            }
                        }
                    }
                    prop_assert_eq!((chunks.len(), chunks.is_empty()), (model.len(), model.is_empty()));
                }
                prop_assert!(chunks.iter().eq(&model));
                for place in [0, 511, 512, 1023, 1024, model.len()] {
                    prop_assert_eq!(chunks.get(place), model.get(place));
                }
            }
        }
    }

    #[test]
    fn what_lies_there_stays_there() {
        let mut chunks = Chunks::new();
        (0..2 * CHUNK).for_each(|number| chunks.push(number));
        let places = |chunks: &Chunks<usize>| (0..2 * CHUNK).map(|place| &raw const chunks[place]).collect::<Vec<_>>();
        let before = places(&chunks);
        (0..100 * CHUNK).for_each(|number| chunks.push(number));
        assert!(before == places(&chunks), "nothing has moved");
    }
}
