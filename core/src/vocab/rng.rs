//! Chance: one seeded, portable generator per node.

use core::ops::Range;
use core::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng};

use serde::{Deserialize, Serialize};

use super::id::NodeId;
use super::time::nanos;
use super::token::Nonce;

/// A node's own source of chance: ChaCha8 keyed by seed, identity and boot, so that no two lives of no two
/// nodes share a stream, and the same three give the same draws on every platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rng(ChaCha8Rng);

impl Rng {
    /// The generator of one life of one node.
    #[must_use]
    pub(crate) fn new(seed: u64, id: NodeId, boot: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..24].copy_from_slice(&id.to_bytes());
        key[24..].copy_from_slice(&boot.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// 64 uniform bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A uniform number below `end`; 0 when `end` is 0. The bias is below 2^-32.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(end)) >> 32) as u32
    }

    /// A number that nobody can guess.
    pub(crate) fn nonce(&mut self) -> Nonce {
        Nonce(self.next().to_le_bytes())
    }

    /// A uniform part of a duration, shorter than it.
    pub(crate) fn within(&mut self, most: Duration) -> Duration {
        self.nanos_in(0..nanos(most))
    }

    /// A uniform duration from half as long to half as long again.
    pub(crate) fn about(&mut self, mean: Duration) -> Duration {
        let mean = nanos(mean);
        self.nanos_in(mean / 2..mean.saturating_add(mean / 2))
    }

    /// A uniform number of nanoseconds in a range; its start when the range is empty.
    pub(crate) fn nanos_in(&mut self, range: Range<u64>) -> Duration {
        let width = range.end.saturating_sub(range.start);
        let offset = ((u128::from(self.next()) * u128::from(width)) >> 64) as u64;
        Duration::from_nanos(range.start.saturating_add(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_pinned_for_ever() {
        let mut rng = Rng::new(1, NodeId::from_u128(2), 3);
        assert_eq!([rng.next(), rng.next()], [9_022_449_886_810_379_040, 172_477_054_129_934_476]);
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.nanos_in(7..7), Duration::from_nanos(7));
    }
}
