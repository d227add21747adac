//! Do two nodes hold the same copies, and if not, of whom do they differ?
//!
//! As with the roster: a wrapping sum of one hash per copy, in total and per bucket of the hashed identity.

use alloc::boxed::Box;

use crate::vocab::{Head, Prefix, fold, mix};

use super::State;

const BUCKETS: usize = 1 << Prefix::BUCKET_LEVEL;

/// The sums of all copies.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    total: u64,
    /// Made with the first copy: many clusters say nothing.
    buckets: Option<Box<[u64; BUCKETS]>>,
}

/// Buckets that were never made are as good as empty ones.
impl PartialEq for Sums {
    fn eq(&self, other: &Self) -> bool {
        let empty = &[0; BUCKETS];
        let (a, b) = (self.buckets.as_deref().unwrap_or(empty), other.buckets.as_deref().unwrap_or(empty));
        self.total == other.total && a == b
    }
}

impl Sums {
    pub(super) const fn new() -> Self {
        Self { total: 0, buckets: None }
    }

    /// A copy was at one head and is at another.
    pub(super) fn change(&mut self, id_hash: u64, before: Head, after: Head) {
        let amount = part(id_hash, after).wrapping_sub(part(id_hash, before));
        if amount == 0 {
            return;
        }
        self.total = self.total.wrapping_add(amount);
        let buckets = self.buckets.get_or_insert_with(|| Box::new([0; BUCKETS]));
        #[expect(clippy::cast_possible_truncation, reason = "seven bits are left")]
        let bucket = &mut buckets[(id_hash >> (64 - u32::from(Prefix::BUCKET_LEVEL))) as usize];
        *bucket = bucket.wrapping_add(amount);
    }
}

/// A copy's part of the sums; nothing of what has come to no version.
fn part(id_hash: u64, head: Head) -> u64 {
    if head.version == 0 {
        return 0;
    }
    fold(mix([id_hash, head.epoch, head.version, head.watermark]), u64::from(head.sum) | 1 << 40)
}

impl State {
    /// The sum of all copies; 0 of a node that has none.
    pub(crate) const fn fingerprint(&self) -> u64 {
        self.sums.total
    }

    /// Writes the sums of consecutive buckets, `2^level` in all, from `first` on.
    pub(crate) fn bucket_sums(&self, level: u8, first: u16, sums: &mut [u64]) {
        sums.fill(0);
        let Some(buckets) = &self.sums.buckets else { return };
        let width = BUCKETS >> level.min(Prefix::BUCKET_LEVEL);
        for (sum, part) in sums.iter_mut().zip(buckets.chunks_exact(width).skip(first.into())) {
            *sum = part.iter().fold(0, |sum, &bucket| sum.wrapping_add(bucket));
        }
    }
}
