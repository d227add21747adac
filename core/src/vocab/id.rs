//! Who is meant: a node's identity and which of its lives.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::hash::stable_hash;

/// A node's identity: 16 bytes that stay the same over every restart and every change of address.
///
/// A UUID fits, so does a small number or a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId {
    high: u64,
    low: u64,
}

impl NodeId {
    /// The identity with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self::from_u128(u128::from_be_bytes(bytes))
    }

    /// The identity with this number.
    #[must_use]
    pub const fn from_u128(number: u128) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
        let (high, low) = ((number >> 64) as u64, number as u64);
        Self { high, low }
    }

    /// The identity that stands for a name: the same name gives the same identity everywhere.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self { high: stable_hash(0, name.as_bytes()), low: stable_hash(1, name.as_bytes()) }
    }

    /// The bytes, as they travel.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        (((self.high as u128) << 64) | self.low as u128).to_be_bytes()
    }

    /// The two halves, for hashing.
    pub(crate) const fn words(self) -> (u64, u64) {
        (self.high, self.low)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.high, self.low)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which life of a node, and which statement within that life.
///
/// `boot` is strictly larger after every restart; `counter` is raised by the owner alone, to contradict
/// what others say of it (SWIM 2002, section 4.2). The order is boot first, then counter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Incarnation {
    /// The life: milliseconds of wall clock at its start, or one more than the life before.
    pub boot: u64,
    /// How often the owner has contradicted a rumour in this life.
    pub counter: u32,
}

impl Incarnation {
    /// The first incarnation of a life.
    #[must_use]
    pub const fn first(boot: u64) -> Self {
        Self { boot, counter: 0 }
    }

    /// The smallest incarnation of the same owner above both `self` and `other`; at the very end of the
    /// numbers it stays there instead of wrapping.
    #[must_use]
    pub fn above(self, other: Self) -> Self {
        let Self { boot, counter } = self.max(other);
        match counter.checked_add(1) {
            Some(counter) => Self { boot, counter },
            None => Self { boot: boot.saturating_add(1), counter: 0 },
        }
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.boot, self.counter)
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
