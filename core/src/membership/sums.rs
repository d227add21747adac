//! What do the members below a prefix of the hashed identity sum up to, and who are they?
//!
//! Two rosters are compared from the top down: sums of buckets, sums of the parts of a bucket, short hashes of
//! the rows. The sums count live members only; the lists name everybody, because only a tombstone can tell a
//! peer that somebody has died.

use serde::{Deserialize, Serialize};

use super::Membership;
use super::index::{self, BUCKET_BITS};
use crate::vocab::{Prefix, Slot};

/// How the rows below a prefix are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Below {
    /// Drawn for one list, so that a collision of short hashes does not last.
    pub(crate) salt: u32,
    /// Whether the whole state of a row enters its short hash, not only the half that the index keeps. It
    /// costs a look at every row, and is for states whose first halves are the same.
    pub(crate) exact: bool,
}

impl Membership {
    /// Writes the sums of live members below consecutive prefixes of a level, from `first` on. Below the level
    /// of buckets the prefixes must lie in one bucket, which is walked.
    pub(crate) fn sums(&self, level: u8, first: u16, sums: &mut [u64]) {
        let deeper = u32::from(level).saturating_sub(BUCKET_BITS);
        if deeper == 0 {
            return self.sums.write_level(level, first, sums);
        }
        let first = usize::from(first);
        sums.fill(0);
        let bucket = Prefix { level: Prefix::BUCKET_LEVEL, index: u16::try_from(first >> deeper).unwrap_or(u16::MAX) };
        let first_part = first & ((1 << deeper) - 1);
        for entry in self.index.below(bucket).filter(|entry| entry.live) {
            let part = index::part_of(self.roster.get(entry.slot).id_hash(), deeper);
            if let Some(sum) = part.checked_sub(first_part).and_then(|place| sums.get_mut(place)) {
                *sum = sum.wrapping_add(self.roster.state_hash(entry.slot));
            }
        }
    }

    /// Rows below a prefix, each with its short state hash.
    pub(crate) fn below(&self, prefix: Prefix, named: Below) -> impl Iterator<Item = (Slot, u32)> + '_ {
        self.index.below(prefix).map(move |entry| {
            let state = if named.exact { self.roster.state_hash(entry.slot) } else { entry.state.into() };
            (entry.slot, index::salted(state, named.salt))
        })
    }

    /// Rows below a prefix.
    pub(crate) fn rows_below(&self, prefix: Prefix) -> impl Iterator<Item = Slot> + '_ {
        self.index.below(prefix).map(|entry| entry.slot)
    }

    /// How many rows lie in a bucket.
    pub(crate) fn bucket_len(&self, bucket: u16) -> usize {
        self.index.bucket_len(usize::from(bucket))
    }
}
