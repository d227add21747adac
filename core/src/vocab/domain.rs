//! What fails together? The part of the world that a node shares its fate with.

use serde::{Deserialize, Serialize};

use super::hash::stable_hash;

/// Apart from the seeds of other names, so that a domain is never confused with them.
const NAME_SEED: u64 = 3;

/// A failure domain: a rack, a power line, a zone; whatever takes all its nodes down at once.
///
/// It is a number that stands for a name, the same everywhere. A node is born with it and keeps it for its life;
/// only a new life, with a higher boot, may bring another one.
///
/// ```
/// use quidnunc_core::Domain;
///
/// assert_eq!(Domain::from_name("rack-1"), Domain::from_name("rack-1"));
/// assert_ne!(Domain::from_name("rack-1"), Domain::NONE);
/// assert_eq!(Domain::default(), Domain::NONE);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Domain(u64);

impl Domain {
    /// Nobody said where the node stands. Nodes without a domain count as one domain together.
    pub const NONE: Self = Self(0);

    /// The domain that stands for a name; never [`Domain::NONE`].
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        Self(stable_hash(NAME_SEED, name.as_bytes()).max(1))
    }

    /// The domain with this number, to read back what [`Domain::number`] gave; 0 is [`Domain::NONE`].
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number, as it travels.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_pinned_for_ever() {
        assert_eq!(Domain::from_name("rack-1").number(), 2_808_096_461_954_296_627);
        assert_ne!(Domain::from_name("").number(), 0, "even the empty name is a name");
    }
}
