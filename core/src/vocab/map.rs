//! A hash map whose order nobody can see.
//!
//! Order of iteration differs between platforms and hash seeds; whatever it reached (wire, chance,
//! events) would differ too. So there is no way to iterate, and the bare type is banned by lint.

use core::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// A map with look-up, insertion and removal, and nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Map<K, V> {
    table: HashTable<(K, V)>,
    hasher: FixedState,
}

impl<K: Hash + Eq + Copy, V: Copy> Map<K, V> {
    /// An empty map. The seed changes where things lie, and must change nothing else.
    pub(crate) const fn new(hash_seed: u64) -> Self {
        Self { table: HashTable::new(), hasher: FixedState::with_seed(hash_seed) }
    }

    pub(crate) fn get(&self, key: K) -> Option<V> {
        let found = self.table.find(self.hasher.hash_one(key), |(k, _)| *k == key);
        found.map(|&(_, value)| value)
    }

    /// Sets the value of a key and returns the one it had.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hash = self.hasher.hash_one(key);
        if let Some((_, old)) = self.table.find_mut(hash, |(k, _)| *k == key) {
            return Some(core::mem::replace(old, value));
        }
        let hasher = &self.hasher;
        self.table.insert_unique(hash, (key, value), |(k, _)| hasher.hash_one(k));
        None
    }

    /// Forgets a key and returns the value it had.
    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let entry = self.table.find_entry(self.hasher.hash_one(key), |(k, _)| *k == key).ok()?;
        let ((_, value), _) = entry.remove();
        Some(value)
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }
}
