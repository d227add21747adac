//! Small values that one side makes and the other sends back.

use serde::{Deserialize, Serialize};

/// A random number that an answer must repeat: proof that the answerer received the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Nonce(pub [u8; 8]);

/// What an unproven source must send back to show that it receives what is sent to its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Cookie(pub [u8; 8]);

/// The identities whose hash begins with these bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefix {
    /// How many bits.
    pub(crate) level: u8,
    /// The bits, as a number below `2^level`.
    pub(crate) index: u16,
}

impl Prefix {
    /// Deepest level of a prefix: as many bits as its index has.
    pub(crate) const LEVEL_MAX: u8 = 16;

    /// The level whose prefixes are the buckets of the index: 128 sums fit into one datagram.
    pub(crate) const BUCKET_LEVEL: u8 = 7;

    /// The two halves of this prefix, or `None` at the deepest level.
    pub(crate) fn halves(self) -> Option<[Self; 2]> {
        let level = self.level.checked_add(1).filter(|&level| level <= Self::LEVEL_MAX)?;
        let index = self.index.checked_mul(2)?;
        Some([Self { level, index }, Self { level, index: index | 1 }])
    }
}
