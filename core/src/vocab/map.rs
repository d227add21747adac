//! A hash map whose order nobody can see.
//!
//! Order of iteration differs between platforms and hash seeds; whatever it reached (wire, chance,
//! events) would differ too. So there is no way to iterate, and the bare type is banned by lint.

use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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

    /// Forgets every key.
    pub(crate) fn clear(&mut self) {
        self.table.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }
}

/// As a list by key, so that equal maps are equal bytes.
impl<K: Serialize + Ord, V: Serialize> Serialize for Map<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| key);
        entries.serialize(serializer)
    }
}

/// Where things lie from now on is the same for every map that is read.
impl<'de, K, V> Deserialize<'de> for Map<K, V>
where
    K: Deserialize<'de> + Hash + Eq + Copy,
    V: Deserialize<'de> + Copy,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Self::new(0);
        for (key, value) in Vec::<(K, V)>::deserialize(deserializer)? {
            map.insert(key, value);
        }
        Ok(map)
    }
}

/// Finds the rows of a table by keys that lie in the rows alone, for a few bytes each.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    places: HashTable<u32>,
    hasher: FixedState,
}

impl Index {
    /// An empty index. The seed changes where things lie, and must change nothing else.
    pub(crate) const fn new(hash_seed: u64) -> Self {
        Self { places: HashTable::new(), hasher: FixedState::with_seed(hash_seed) }
    }

    /// The place of the row that `is_sought`: it is asked of a few whose keys have a like hash.
    pub(crate) fn find(&self, key: impl Hash, is_sought: impl Fn(u32) -> bool) -> Option<u32> {
        self.places.find(self.hasher.hash_one(key), |&place| is_sought(place)).copied()
    }

    /// Enters a row, whose key is found by `key_of` as that of every row inside.
    pub(crate) fn insert<K: Hash>(&mut self, place: u32, key_of: impl Fn(u32) -> K) {
        let hash_of = |&place: &u32| self.hasher.hash_one(key_of(place));
        self.places.insert_unique(hash_of(&place), place, hash_of);
    }

    /// Takes a row out that is inside under this key.
    pub(crate) fn remove(&mut self, key: impl Hash, place: u32) {
        if let Ok(entry) = self.places.find_entry(self.hasher.hash_one(key), |&other| other == place) {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn rows_are_found_by_keys_that_lie_in_them_also_by_equal_ones() {
        let keys: Vec<u32> = (0..300).map(|place| place / 2).collect();
        let key_of = |place: u32| keys[place as usize];
        let mut index = Index::new(7);
        (0..300).for_each(|place| index.insert(place, key_of));
        for place in 0..300 {
            assert_eq!(index.find(key_of(place), |other| other == place), Some(place), "of two with one key either");
        }
        index.remove(key_of(40), 40);
        assert_eq!(index.find(20_u32, |other| key_of(other) == 20), Some(41), "the other one is still there");
        assert_eq!(index.find(20_u32, |other| other == 40), None);
        assert_eq!(index.find(777_u32, |other| key_of(other) == 777), None);
    }
}
