//! What does a copy add to the sums by which two nodes find out whether, and of whom, they hold different copies?

use crate::vocab::{Head, fold, mix};

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
}
