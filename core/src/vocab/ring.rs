//! A first-in first-out queue with an end: what does not fit is handed back, never silently dropped.

use alloc::collections::VecDeque;
use serde::{Deserialize, Serialize};

/// A queue of at most `max` items.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ring<T> {
    items: VecDeque<T>,
    max: usize,
}

impl<T> Ring<T> {
    /// An empty queue for at most `max` items; memory grows only when it is used.
    pub(crate) const fn new(max: usize) -> Self {
        Self { items: VecDeque::new(), max }
    }

    /// Appends an item, or hands it back when the queue is full.
    pub(crate) fn push_back(&mut self, item: T) -> Result<(), T> {
        if self.items.len() >= self.max {
            return Err(item);
        }
        self.items.push_back(item);
        Ok(())
    }

    /// Puts an item that was just taken back to the front.
    pub(crate) fn put_back(&mut self, item: T) {
        self.items.push_front(item);
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        self.items.pop_front()
    }

    /// Drops what is not wanted any more; the rest keeps its order.
    pub(crate) fn retain(&mut self, wanted: impl FnMut(&T) -> bool) {
        self.items.retain(wanted);
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.items.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut()
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.items.get_mut(index)
    }
}
