//! Where do keys and values lie? Each pair in one allocation of its size, in rows of 40 bytes.

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::vocab::{Instant, Table, stable_hash};

/// What a key counts for besides its bytes: the same everywhere, so that maps are full at the same point everywhere. Where
/// pointers are shorter a row takes less.
const ROW_BYTES: usize = 40;

/// What a key stands for at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// A value that stays.
    Lasting,
    /// A value with an end.
    Ending,
    /// Nothing: deleted, or ended.
    Gone,
}

/// One key of one map.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The key, then the value.
    bytes: Box<[u8]>,
    pub(super) version: u64,
    /// When it ends; of what is gone, since when. Never of what stays.
    pub(super) until: Instant,
    key_len: u16,
    pub(super) kind: Kind,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Entry>() == ROW_BYTES, "a row is 40 bytes");

impl Entry {
    pub(super) fn new(key: &[u8], value: &[u8], version: u64, kind: Kind, until: Instant) -> Self {
        let mut bytes = Vec::with_capacity(key.len() + value.len());
        bytes.extend_from_slice(key);
        bytes.extend_from_slice(value);
        // Keys are shorter by far: the wire and the call see to that.
        let key_len = u16::try_from(key.len()).unwrap_or(u16::MAX);
        Self { bytes: bytes.into_boxed_slice(), version, until, key_len, kind }
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.bytes[..usize::from(self.key_len)]
    }

    pub(super) fn value(&self) -> &[u8] {
        &self.bytes[usize::from(self.key_len)..]
    }

    /// Its part of the content's sum. What ends does so at slightly different instants on different nodes, so that
    /// only what stays counts.
    pub(super) fn hash(&self) -> u64 {
        if self.kind == Kind::Lasting {
            stable_hash(self.version ^ u64::from(self.key_len) << 48, &self.bytes)
        } else {
            0
        }
    }

    /// Bytes that it counts for.
    pub(super) const fn weight(&self) -> usize {
        self.bytes.len() + ROW_BYTES
    }

    /// Lets go of the value. It was gone since `since`.
    pub(super) fn end(&mut self, since: Instant) {
        self.bytes = self.key().into();
        (self.kind, self.until) = (Kind::Gone, since);
    }
}

/// All rows: one table for all maps of a node.
pub(super) type Entries = Table<Entry>;

/// A place that nobody has.
impl Default for Entry {
    fn default() -> Self {
        Self { bytes: Box::default(), version: 0, until: Instant::NEVER, key_len: 0, kind: Kind::Gone }
    }
}
