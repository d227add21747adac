//! What is due when, one entry per member: found by member, taken in order of time.

use alloc::collections::BTreeSet;

use super::{Instant, Map, Slot};

/// Deadlines of members, each with something to be remembered until then.
#[derive(Debug, Clone)]
pub(crate) struct Agenda<V> {
    entries: Map<Slot, (Instant, V)>,
    queue: BTreeSet<(Instant, Slot)>,
}

impl<V: Copy> Agenda<V> {
    pub(crate) const fn new(hash_seed: u64) -> Self {
        Self { entries: Map::new(hash_seed), queue: BTreeSet::new() }
    }

    /// Sets the entry of a member, whatever it was before.
    pub(crate) fn set(&mut self, slot: Slot, at: Instant, value: V) {
        if let Some((old, _)) = self.entries.insert(slot, (at, value)) {
            self.queue.remove(&(old, slot));
        }
        self.queue.insert((at, slot));
    }

    /// Takes the entry of a member out.
    pub(crate) fn remove(&mut self, slot: Slot) {
        if let Some((at, _)) = self.entries.remove(slot) {
            self.queue.remove(&(at, slot));
        }
    }

    /// Takes the first entry out, if its time has come.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(Slot, V)> {
        let &(at, slot) = self.queue.first()?;
        if at > now {
            return None;
        }
        self.queue.pop_first();
        self.entries.remove(slot).map(|(_, value)| (slot, value))
    }

    /// When the entry of a member is due.
    pub(crate) fn get(&self, slot: Slot) -> Option<Instant> {
        self.entries.get(slot).map(|(at, _)| at)
    }

    /// What is remembered of a member.
    pub(crate) fn value(&self, slot: Slot) -> Option<V> {
        self.entries.get(slot).map(|(_, value)| value)
    }

    /// The entry that is due first.
    pub(crate) fn first(&self) -> Option<(Instant, Slot)> {
        self.queue.first().copied()
    }

    /// All entries, in the order in which they are due.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Instant, Slot, V)> + '_ {
        self.queue.iter().filter_map(|&(at, slot)| Some((at, slot, self.value(slot)?)))
    }

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Instant {
        self.first().map_or(Instant::NEVER, |(at, _)| at)
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Asserts that table and queue hold the same entries.
    pub(crate) fn check(&self) {
        assert_eq!(self.entries.len(), self.queue.len(), "one deadline per entry");
        for &(at, slot) in &self.queue {
            assert_eq!(self.get(slot), Some(at), "the deadline is the entry's");
        }
    }
}
