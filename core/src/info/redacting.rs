//! How do the sums stay as they are while others take the place of keys and values?

use alloc::collections::BTreeMap;

use super::Infos;
use crate::vocab::LendInfo;

impl Infos {
    /// Notes from now on every info that counts.
    pub(crate) fn note(&mut self) {
        let rows = self.store.iter().map(|place| self.store.row(place));
        let there = rows.map(|row| (row.clone(), self.origins.get(row.origin).origin)).collect();
        self.originals.begin(there);
    }

    /// The hashes of all infos that were noted, by those of what takes their place.
    pub(crate) fn originals(&mut self, lend: &mut LendInfo<'_>) -> BTreeMap<u64, u64> {
        self.originals.end(|(row, origin)| row.hash(*origin), |(row, _)| row.lend(lend))
    }

    /// Lets others take the place of all keys and values, which count as what was there. Nothing is found by its key any more
    /// until all of it is written and read again.
    pub(crate) fn redact(&mut self, originals: &BTreeMap<u64, u64>, lend: &mut LendInfo<'_>) {
        self.store.lend(lend);
        self.originals.set(originals);
    }

    /// The texts of groups and watches: keys, or what keys begin with.
    pub(crate) fn texts(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.groups.texts().chain(self.watches.texts())
    }
}
