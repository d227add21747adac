//! What is due when, one entry per member or other key: found by key, taken in order of time.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::hash::Hash;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Instant, Map, Slot};

/// Deadlines, each with something to be remembered until then.
#[derive(Debug, Clone)]
pub(crate) struct Agenda<V, K = Slot> {
    entries: Map<K, (Instant, V)>,
    queue: BTreeSet<(Instant, K)>,
}

impl<V: Copy, K: Copy + Ord + Hash> Agenda<V, K> {
    pub(crate) const fn new(hash_seed: u64) -> Self {
        Self { entries: Map::new(hash_seed), queue: BTreeSet::new() }
    }

    /// Sets the entry of a key, whatever it was before.
    pub(crate) fn set(&mut self, key: K, at: Instant, value: V) {
        if let Some((old, _)) = self.entries.insert(key, (at, value)) {
            self.queue.remove(&(old, key));
        }
        self.queue.insert((at, key));
    }

    /// Takes the entry of a key out.
    pub(crate) fn remove(&mut self, key: K) {
        if let Some((at, _)) = self.entries.remove(key) {
            self.queue.remove(&(at, key));
        }
    }

    /// Takes the first entry out, if its time has come.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(K, V)> {
        let &(at, key) = self.queue.first()?;
        if at > now {
            return None;
        }
        self.queue.pop_first();
        self.entries.remove(key).map(|(_, value)| (key, value))
    }

    /// When the entry of a key is due.
    pub(crate) fn get(&self, key: K) -> Option<Instant> {
        self.entries.get(key).map(|(at, _)| at)
    }

    /// What is remembered of a key.
    pub(crate) fn value(&self, key: K) -> Option<V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// The entry that is due first.
    pub(crate) fn first(&self) -> Option<(Instant, K)> {
        self.queue.first().copied()
    }

    /// All entries, in the order in which they are due.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Instant, K, V)> + '_ {
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
        for &(at, key) in &self.queue {
            assert_eq!(self.get(key), Some(at), "the deadline is the entry's");
        }
    }
}

/// As a list, in the order in which they are due.
impl<V: Copy + Serialize, K: Copy + Ord + Hash + Serialize> Serialize for Agenda<V, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.iter().collect::<Vec<_>>().serialize(serializer)
    }
}

impl<'de, V, K> Deserialize<'de> for Agenda<V, K>
where
    V: Copy + Deserialize<'de>,
    K: Copy + Ord + Hash + Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut agenda = Self::new(0);
        for (at, key, value) in Vec::<(Instant, K, V)>::deserialize(deserializer)? {
            agenda.set(key, at, value);
        }
        Ok(agenda)
    }
}
