//! Where do keys and values lie? Each pair in one allocation of its size, in rows of 40 bytes.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::vocab::{Instant, Lend, Originals, Table, lend_entry, stable_hash};

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

    /// The hash of what it says. What ends does so at slightly different instants on different nodes, so that
    /// only what stays counts.
    fn hash(&self) -> u64 {
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

    fn lend(&mut self, lend: &mut Lend<'_>) {
        let (key, value) = self.bytes.split_at_mut(self.key_len.into());
        lend_entry(key, value, lend);
    }

    /// Lets go of the value. It was gone since `since`.
    pub(super) fn end(&mut self, since: Instant) {
        self.bytes = self.key().into();
        (self.kind, self.until) = (Kind::Gone, since);
    }
}

/// All rows: one table for all maps of a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entries {
    rows: Table<Entry>,
    originals: Originals<Entry>,
}

impl Entries {
    pub(super) const fn new() -> Self {
        Self { rows: Table::new(), originals: Originals::new() }
    }

    pub(super) fn get(&self, place: u32) -> &Entry {
        self.rows.get(place)
    }

    pub(super) fn get_mut(&mut self, place: u32) -> &mut Entry {
        self.rows.get_mut(place)
    }

    pub(super) fn insert(&mut self, entry: Entry) -> u32 {
        self.rows.insert(entry)
    }

    pub(super) fn remove(&mut self, place: u32) {
        self.rows.remove(place);
    }

    /// An entry's part of the content's sum.
    pub(super) fn hash(&self, entry: &Entry) -> u64 {
        self.originals.hash(entry.hash())
    }

    /// An entry comes in: the same, and it is noted where that is wanted.
    pub(super) fn hash_new(&mut self, entry: &Entry) -> u64 {
        self.originals.note(|| entry.clone());
        self.hash(entry)
    }

    pub(super) fn note(&mut self) {
        let there = self.rows.taken().into_iter().map(|place| self.get(place).clone()).collect();
        self.originals.begin(there);
    }

    /// The hashes of all entries that were noted, by those of what takes their place.
    pub(super) fn originals(&mut self, lend: &mut Lend<'_>) -> BTreeMap<u64, u64> {
        self.originals.end(Entry::hash, |entry| entry.lend(lend))
    }

    /// Lets others take the place of all contents, which count as what was there.
    pub(super) fn redact(&mut self, originals: &BTreeMap<u64, u64>, lend: &mut Lend<'_>) {
        for place in self.rows.taken() {
            self.get_mut(place).lend(lend);
        }
        self.originals.set(originals);
    }
}

/// A place that nobody has.
impl Default for Entry {
    fn default() -> Self {
        Self { bytes: Box::default(), version: 0, until: Instant::NEVER, key_len: 0, kind: Kind::Gone }
    }
}
