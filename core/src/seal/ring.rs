//! Which keys does this node know, and which one does it seal with?

use alloc::vec::Vec;

use super::error::SealError;
use super::key::{Key, KeyId};

/// The most keys in one ring. A rotation needs two.
pub const KEYS_MAX: usize = 8;

/// A few keys, sorted by name. All of them open; one seals, unless there is none.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    keys: Vec<Key>,
    used: Option<KeyId>,
}

impl KeyRing {
    /// A ring without a key: good for [`Mode::Off`](super::Mode::Off) only.
    #[must_use]
    pub const fn empty() -> Self {
        Self { keys: Vec::new(), used: None }
    }

    /// A ring with one key, which seals.
    #[must_use]
    pub fn new(key: Key) -> Self {
        let used = Some(key.id());
        Self { keys: Vec::from([key]), used }
    }

    /// Adds a key that opens and does not seal yet, except in an empty ring. The same key twice is one.
    ///
    /// # Errors
    /// [`SealError::TooManyKeys`] when there are [`KEYS_MAX`].
    pub fn install(&mut self, key: Key) -> Result<(), SealError> {
        let Err(place) = self.find(key.id()) else { return Ok(()) };
        if self.keys.len() >= KEYS_MAX {
            return Err(SealError::TooManyKeys);
        }
        self.used = self.used.or(Some(key.id()));
        self.keys.insert(place, key);
        Ok(())
    }

    /// Seals with another key from now on.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] when it is not in the ring.
    pub fn use_key(&mut self, id: KeyId) -> Result<(), SealError> {
        self.find(id).map_err(|_| SealError::UnknownKey { id })?;
        self.used = Some(id);
        Ok(())
    }

    /// Forgets a key: what is sealed with it is not opened any more.
    ///
    /// # Errors
    /// [`SealError::KeyInUse`] when the node seals with it, and [`SealError::UnknownKey`].
    pub fn remove(&mut self, id: KeyId) -> Result<(), SealError> {
        let place = self.find(id).map_err(|_| SealError::UnknownKey { id })?;
        if self.used == Some(id) {
            return Err(SealError::KeyInUse { id });
        }
        self.keys.remove(place);
        Ok(())
    }

    /// The key that seals.
    #[must_use]
    pub const fn used(&self) -> Option<KeyId> {
        self.used
    }

    /// All keys, in the order of their names.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Key> {
        self.keys.iter()
    }

    /// The names of all keys, in order.
    pub fn fingerprints(&self) -> impl ExactSizeIterator<Item = KeyId> {
        self.keys.iter().map(Key::id)
    }

    pub(super) fn get(&self, id: KeyId) -> Option<&Key> {
        self.find(id).ok().and_then(|place| self.keys.get(place))
    }

    /// Two keys of one name would be told apart by nobody; of two random ones that happens once in 2^32 times, and
    /// then the second one counts as the first.
    fn find(&self, id: KeyId) -> Result<usize, usize> {
        self.keys.binary_search_by_key(&id, Key::id)
    }
}
