//! A link to a peer, as a place in this node's own table, sets of them, and why one has closed.

use serde::{Deserialize, Serialize};

/// The most links that a node has at once.
pub(crate) const LINKS_MAX: usize = 64;

/// Why a link has closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LinkEnd {
    /// Nothing came for too long.
    Silent,
    /// Its node died, left or was removed.
    Gone,
    /// The other side closed it.
    ByPeer,
    /// The other side lives again.
    Reborn,
    /// Its place was given to somebody who is cut off.
    Evicted,
    /// A link that brings more has taken its place.
    Swapped,
    /// Of two links between the same two nodes it was the one too many.
    Redundant,
    /// This node takes no further part.
    Stopped,
}

/// The place of a link; means nothing to any other node, and is used again when the link is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Link(u8);

impl Link {
    /// The link at a place below [`LINKS_MAX`].
    pub(crate) const fn new(place: usize) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "the place was compared with what there is")]
        if place < LINKS_MAX { Some(Self(place as u8)) } else { None }
    }

    /// The place as an index.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Some of a node's links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Links(u64);

impl Links {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn has(self, link: Link) -> bool {
        self.0 & Self::just(link) != 0
    }

    #[must_use]
    pub(crate) const fn with(self, link: Link) -> Self {
        Self(self.0 | Self::just(link))
    }

    #[must_use]
    pub(crate) const fn without(self, link: Link) -> Self {
        Self(self.0 & !Self::just(link))
    }

    #[must_use]
    pub(crate) const fn minus(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The links in the order of their places.
    pub(crate) fn iter(self) -> impl Iterator<Item = Link> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let place = rest.trailing_zeros() as usize;
            let link = Link::new(place)?;
            rest &= rest - 1;
            Some(link)
        })
    }

    const fn just(link: Link) -> u64 {
        1 << link.0
    }
}
