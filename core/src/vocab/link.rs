//! Which of this node's links is meant?

/// The place of a link in this node's own table, used again once the link has closed; means nothing to any other node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Link(pub u8);

impl Link {
    /// The most links of one node, so that a set of links is one word.
    pub(crate) const MAX: u8 = 64;

    /// The place as an index.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// The set of this link alone.
    pub(crate) const fn bit(self) -> u64 {
        1 << (self.0 % Self::MAX)
    }
}
