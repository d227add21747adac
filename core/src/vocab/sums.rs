//! Do two nodes hold the same of many things, and if not, below which prefixes do they differ?
//!
//! Each thing has a hash and the hashed identity of whom it is about. What is held is summed up, in total and per
//! bucket of the hashed identity, so that a change costs two additions.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use super::Prefix;

/// How many buckets there are: the sums of all of them fit into one datagram of the default budget.
pub(crate) const BUCKETS: usize = 1 << Prefix::BUCKET_LEVEL;

/// The bucket of a hashed identity: its first bits.
pub(crate) const fn bucket_of(id_hash: u64) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "seven bits are left")]
    let bucket = (id_hash >> (u64::BITS - Prefix::BUCKET_LEVEL as u32)) as usize;
    bucket
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Buckets(#[serde(with = "super::array")] [u64; BUCKETS]);

/// Wrapping sums of hashes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sums {
    total: u64,
    /// Made with the first thing: many nodes hold nothing of some kinds.
    buckets: Option<Box<Buckets>>,
}

/// Buckets that were never made are as good as empty ones.
impl PartialEq for Sums {
    fn eq(&self, other: &Self) -> bool {
        (self.total, self.buckets()) == (other.total, other.buckets())
    }
}

impl Sums {
    pub(crate) const fn new() -> Self {
        Self { total: 0, buckets: None }
    }

    /// Adds a hash; what is taken out is added with its sign changed.
    pub(crate) fn add(&mut self, id_hash: u64, hash: u64) {
        if hash == 0 {
            return;
        }
        self.total = self.total.wrapping_add(hash);
        let bucket = &mut self.buckets.get_or_insert_with(|| Box::new(Buckets([0; BUCKETS]))).0[bucket_of(id_hash)];
        *bucket = bucket.wrapping_add(hash);
    }

    /// The sum of everything: equal on two nodes exactly when they hold the same (up to 2^-64).
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// Writes the sums below consecutive prefixes of a level not deeper than the buckets', from `first` on.
    pub(crate) fn write_level(&self, level: u8, first: u16, sums: &mut [u64]) {
        sums.fill(0);
        let width = BUCKETS >> level.min(Prefix::BUCKET_LEVEL);
        for (sum, buckets) in sums.iter_mut().zip(self.buckets().chunks_exact(width).skip(first.into())) {
            *sum = sum_of(buckets);
        }
    }

    fn buckets(&self) -> &[u64; BUCKETS] {
        self.buckets.as_ref().map_or(&[0; BUCKETS], |buckets| &buckets.0)
    }

    /// Asserts that the buckets add up to the total.
    pub(crate) fn check(&self) {
        assert_eq!(sum_of(self.buckets()), self.total, "the buckets add up to the total");
    }
}

fn sum_of(sums: &[u64]) -> u64 {
    sums.iter().fold(0, |total, &sum| total.wrapping_add(sum))
}
