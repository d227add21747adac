//! How old is what the sender heard of each voter?

use crate::vocab::NodeId;

/// A sum and a name.
pub(super) const HEAD_BYTES: usize = 8 + 16;

/// Ages as they came in, one byte each, of voters in their order from the first one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ages<'a> {
    /// Of what the order, and the ages, are those.
    pub(crate) sum: u64,
    /// The first voter.
    pub(crate) first: NodeId,
    pub(crate) ages: &'a [u8],
}

/// What stands before the ages.
pub(super) fn head(sum: u64, first: NodeId) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    if let Some((left, right)) = head.split_first_chunk_mut() {
        *left = sum.to_le_bytes();
        right.copy_from_slice(&first.to_bytes());
    }
    head
}

impl<'a> Ages<'a> {
    /// Any bytes behind the head are ages.
    pub(super) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (&sum, rest) = bytes.split_first_chunk()?;
        let (&first, ages) = rest.split_first_chunk()?;
        Some(Self { sum: u64::from_le_bytes(sum), first: NodeId::from_bytes(first), ages })
    }
}
