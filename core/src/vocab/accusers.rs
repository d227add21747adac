//! Who says that a member is silent: plain data that crosses rooms and the wire.

use serde::{Deserialize, Serialize};

/// The most accusers that are remembered and told of one suspicion: the first, and as many as can shorten it.
pub(crate) const ACCUSERS_MAX: usize = CONFIRMATIONS_MAX + 1;

/// The most confirmations that a suspicion can want.
pub(crate) const CONFIRMATIONS_MAX: usize = 4;

/// Hashed identities of accusers, each once, the first accuser first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Accusers {
    hashes: [u64; ACCUSERS_MAX],
    len: u8,
}

impl Accusers {
    pub(crate) const fn none() -> Self {
        Self { hashes: [0; ACCUSERS_MAX], len: 0 }
    }

    /// Adds one. Returns whether it was not there and there was room.
    pub(crate) fn add(&mut self, accuser: u64) -> bool {
        if self.as_slice().contains(&accuser) {
            return false;
        }
        let Some(place) = self.hashes.get_mut(usize::from(self.len)) else { return false };
        *place = accuser;
        self.len += 1;
        true
    }

    pub(crate) fn as_slice(&self) -> &[u64] {
        self.hashes.get(..usize::from(self.len)).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_named_once_and_the_first_one_first() {
        let mut accusers = Accusers::default();
        assert!(accusers.add(7) && accusers.add(0), "zero is a hash like any other");
        assert!(!accusers.add(7));
        assert_eq!(accusers.as_slice(), [7, 0]);
        assert!((1..=3).all(|hash| accusers.add(hash)));
        assert!(!accusers.add(4), "there is no room for a sixth");
        assert_eq!(accusers.len(), ACCUSERS_MAX);
    }
}
