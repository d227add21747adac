//! What does a copy add to the sums by which two nodes find out whether, and of whom, they hold different copies? And how do
//! the sums stay as they are while others take the place of what is in the copies?

use alloc::collections::BTreeMap;

use crate::vocab::{Head, Lend, fold, mix};

use super::State;

/// What to add to the sums when a copy was at one head and is at another.
pub(super) fn difference(id_hash: u64, before: Head, after: Head) -> u64 {
    part(id_hash, after).wrapping_sub(part(id_hash, before))
}

/// A copy's part of the sums; nothing of what has come to no version.
fn part(id_hash: u64, head: Head) -> u64 {
    if head.version == 0 {
        return 0;
    }
    fold(mix([id_hash, head.epoch, head.version, head.watermark]), u64::from(head.sum) | 1 << 40)
}

impl State {
    /// The sum of all copies that count; 0 of a node that has none.
    pub(crate) const fn fingerprint(&self) -> u64 {
        self.sums.total()
    }

    /// Writes the sums of consecutive buckets, `2^level` in all, from `first` on.
    pub(crate) fn bucket_sums(&self, level: u8, first: u16, sums: &mut [u64]) {
        self.sums.write_level(level, first, sums);
    }

    /// Notes from now on every entry that counts.
    pub(crate) fn note(&mut self) {
        self.entries.note();
    }

    /// The hashes of all entries that were noted, by those of what takes their place.
    pub(crate) fn originals(&mut self, lend: &mut Lend<'_>) -> BTreeMap<u64, u64> {
        self.entries.originals(lend)
    }

    /// Lets others take the place of all keys and values, which count as what was there.
    pub(crate) fn redact(&mut self, originals: &BTreeMap<u64, u64>, lend: &mut Lend<'_>) {
        self.entries.redact(originals, lend);
        for owner in self.owners.iter_mut().flatten() {
            let maps = [Some(&mut owner.shown), owner.staged.as_mut().map(|staged| &mut staged.map)];
            maps.into_iter().flatten().filter_map(|map| map.tip.as_mut()).for_each(|tip| tip.lend(lend));
        }
    }
}
