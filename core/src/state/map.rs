//! One copy of one owner's map: found by key, given on in the order of versions.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::entries::{Entries, Entry, Kind};
use super::tip::Tip;
use crate::vocab::{Content, Head, Instant, Item, Sorted};

/// A copy. Its entries lie in the table that is handed in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Map {
    pub(super) epoch: u64,
    pub(super) watermark: u64,
    pub(super) version: u64,
    /// Wrapping sum of the hashes of the entries that stay.
    sum: u64,
    /// What all entries weigh.
    pub(super) weight: usize,
    by_key: Sorted,
    by_version: Sorted,
    /// The tombstones, by version.
    gone: BTreeMap<u64, u32>,
    /// The value that it has come to the middle of.
    pub(super) tip: Option<Box<Tip>>,
}

/// A key that gets another content.
#[derive(Debug)]
pub(super) struct Replaced {
    /// Where the new entry lies.
    pub(super) place: u32,
    /// The old entry, if the key had one.
    pub(super) old: Option<Entry>,
}

impl Map {
    pub(super) fn new(epoch: u64, watermark: u64) -> Self {
        Self { epoch, watermark, ..Self::default() }
    }

    pub(super) const fn head(&self) -> Head {
        let Self { epoch, watermark, version, .. } = *self;
        #[expect(clippy::cast_possible_truncation, reason = "the short form is wanted")]
        let sum = self.sum as u32 ^ (self.sum >> 32) as u32;
        Head { epoch, watermark, version, sum }
    }

    /// Whether keys may be missing that live in the owner's map.
    pub(super) const fn is_unfinished(&self) -> bool {
        self.version < self.watermark
    }

    /// The entry of a key, a tombstone included.
    pub(super) fn find(&self, entries: &Entries, key: &[u8]) -> Option<u32> {
        self.by_key.find(|place| entries.get(place).key().cmp(key))
    }

    /// The entries whose keys begin with a prefix, tombstones included, by key.
    pub(super) fn below<'a>(&'a self, entries: &'a Entries, prefix: &'a [u8]) -> impl Iterator<Item = &'a Entry> + 'a {
        let places = self.by_key.starting_at(move |place| entries.get(place).key().cmp(prefix));
        places.map(|place| entries.get(place)).take_while(move |entry| entry.key().starts_with(prefix))
    }

    /// The entries that changed after a version, in the order of versions.
    pub(super) fn after<'a>(&'a self, entries: &'a Entries, version: u64) -> impl Iterator<Item = &'a Entry> + 'a {
        let next = version.saturating_add(1);
        self.by_version.starting_at(move |place| entries.get(place).version.cmp(&next)).map(|place| entries.get(place))
    }

    /// Lets a key stand for something else. The version is above every one in the copy.
    pub(super) fn set(&mut self, entries: &mut Entries, entry: Entry) -> Replaced {
        let version = entry.version;
        self.version = self.version.max(version);
        self.sum = self.sum.wrapping_add(entries.hash_new(&entry));
        self.weight += entry.weight();
        let gone = entry.kind == Kind::Gone;
        let replaced = if let Some(place) = self.find(entries, entry.key()) {
            self.unlink_version(entries, place);
            let old = core::mem::replace(entries.get_mut(place), entry);
            self.sum = self.sum.wrapping_sub(entries.hash(&old));
            self.weight -= old.weight();
            Replaced { place, old: Some(old) }
        } else {
            let place = entries.insert(entry);
            let key = entries.get(place).key();
            self.by_key.insert(place, |other| entries.get(other).key().cmp(key));
            Replaced { place, old: None }
        };
        let place = replaced.place;
        self.by_version.insert(place, |other| entries.get(other).version.cmp(&version));
        if gone {
            self.gone.insert(version, place);
        }
        replaced
    }

    fn unlink_version(&mut self, entries: &Entries, place: u32) {
        let Entry { version, .. } = *entries.get(place);
        self.by_version.remove(|other| entries.get(other).version.cmp(&version));
        self.gone.remove(&version);
    }

    /// The time of an entry is over: it leaves a tombstone, or nothing if the watermark has passed it.
    pub(super) fn end(&mut self, entries: &mut Entries, place: u32, now: Instant) {
        let entry = entries.get_mut(place);
        let (version, before) = (entry.version, entry.weight());
        entry.end(now);
        self.weight = self.weight - before + entry.weight();
        if version <= self.watermark {
            self.remove(entries, place);
        } else {
            self.gone.insert(version, place);
        }
    }

    /// Forgets the tombstones up to a version, and that there were any.
    pub(super) fn collect(&mut self, entries: &mut Entries, watermark: u64) {
        self.watermark = self.watermark.max(watermark);
        while let Some((version, place)) = self.oldest_tombstone()
            && version <= watermark
        {
            self.remove(entries, place);
        }
    }

    /// Version and place of the tombstone of the lowest version.
    pub(super) fn oldest_tombstone(&self) -> Option<(u64, u32)> {
        self.gone.first_key_value().map(|(&version, &place)| (version, place))
    }

    /// Up to which version every tombstone is older than `grace`; 0 if the first one is younger.
    pub(super) fn tombstones_until(&self, entries: &Entries, grace: Duration, now: Instant) -> u64 {
        let old = self.gone.iter().take_while(|&(_, &place)| entries.get(place).until.after(grace) <= now);
        old.last().map_or(0, |(&version, _)| version)
    }

    fn remove(&mut self, entries: &mut Entries, place: u32) {
        self.unlink_version(entries, place);
        let entry = entries.get(place);
        self.by_key.remove(|other| entries.get(other).key().cmp(entry.key()));
        self.sum = self.sum.wrapping_sub(entries.hash(entry));
        self.weight -= entry.weight();
        entries.remove(place);
    }

    /// Every place that it has, to be given up with it.
    pub(super) fn places(&self) -> impl Iterator<Item = u32> + '_ {
        self.by_key.iter()
    }

    /// Asserts that sum, weight and orders are the entries'.
    pub(super) fn check(&self, entries: &Entries) {
        let (mut sum, mut weight) = (0_u64, 0);
        let places: Box<[u32]> = self.by_key.iter().collect();
        for &place in &places {
            let entry = entries.get(place);
            sum = sum.wrapping_add(entries.hash(entry));
            weight += entry.weight();
            assert_eq!(self.find(entries, entry.key()), Some(place), "an entry is found under its key");
            assert_eq!(self.gone.contains_key(&entry.version), entry.kind == Kind::Gone, "what is gone is a tombstone");
            assert!(entry.version <= self.version, "nothing is newer than the copy");
        }
        let versions: Box<[u64]> = self.by_version.iter().map(|place| entries.get(place).version).collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "one entry per version");
        assert_eq!((sum, weight, versions.len()), (self.sum, self.weight, places.len()), "sums are the entries'");
        assert!(self.tip.as_ref().is_none_or(|tip| tip.end() == self.version), "a tip is the last that has come");
    }
}

/// What an entry says, as it is told at `now`.
pub(super) fn item_at(entry: &Entry, now: Instant) -> Item<'_> {
    let content = match entry.kind {
        Kind::Lasting => Content::Value { bytes: entry.value(), left_ms: None },
        Kind::Ending => {
            // Rounded up, or what is told on would end earlier at every hop.
            let left = entry.until.since(now).as_nanos().div_ceil(1_000_000);
            Content::Value { bytes: entry.value(), left_ms: Some(u32::try_from(left).unwrap_or(u32::MAX)) }
        }
        Kind::Gone => Content::Gone,
    };
    Item { key: entry.key(), version: entry.version, content }
}
