//! Which helpers of the current probe still owe a word?
//!
//! A helper that was asked says either "it answered" or "it has not answered so far" before the prober's period
//! ends. One that says neither was not reached or could not answer, which speaks against the prober's own
//! connection, not against the target.

use serde::{Deserialize, Serialize};

use crate::vocab::{Nonce, Slot};

const HELPERS_MAX: usize = 16;
const _: () = assert!(HELPERS_MAX <= u16::BITS as usize, "a bit each");

/// The helpers that were asked for one probe.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Helpers {
    nonce: Nonce,
    asked: [Slot; HELPERS_MAX],
    count: u8,
    /// A bit for each that has said something.
    heard: u16,
}

impl Helpers {
    /// Nobody was asked.
    pub(crate) const fn none() -> Self {
        Self { nonce: Nonce([0; 8]), asked: [Slot::SELF; HELPERS_MAX], count: 0, heard: 0 }
    }

    /// A helper is asked for the probe with this nonce; a new nonce begins a new probe.
    pub(crate) fn on_asked(&mut self, nonce: Nonce, helper: Slot) {
        if self.nonce != nonce {
            *self = Self { nonce, ..Self::none() };
        }
        if let Some(place) = self.asked.get_mut(usize::from(self.count)) {
            *place = helper;
            self.count += 1;
        }
    }

    /// Somebody says something about the probe with this nonce. Returns whether that was awaited.
    pub(crate) fn on_word(&mut self, nonce: Nonce, from: Slot) -> bool {
        let Some(bit) = self.place(nonce, from).map(|place| 1 << place) else { return false };
        let first = self.heard & bit == 0;
        self.heard |= bit;
        first
    }

    fn place(&self, nonce: Nonce, helper: Slot) -> Option<usize> {
        let asked = &self.asked[..usize::from(self.count)];
        asked.iter().position(|&slot| slot == helper).filter(|_| self.nonce == nonce)
    }

    /// Who was asked for the probe with this nonce, in order, and whether it has said something.
    pub(crate) fn asked(&self, nonce: Nonce) -> impl Iterator<Item = (Slot, bool)> + '_ {
        let count = if self.nonce == nonce { usize::from(self.count) } else { 0 };
        self.asked[..count].iter().enumerate().map(|(place, &helper)| (helper, self.heard & (1 << place) != 0))
    }

    /// Who was asked for the probe with this nonce and said nothing.
    pub(crate) fn silent(&self, nonce: Nonce) -> impl Iterator<Item = Slot> + '_ {
        self.asked(nonce).filter(|&(_, heard)| !heard).map(|(helper, _)| helper)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    const FIRST: Nonce = Nonce([1; 8]);
    const SECOND: Nonce = Nonce([2; 8]);

    #[test]
    fn each_helper_owes_one_word_for_its_own_probe() {
        let mut helpers = Helpers::none();
        (1..=3).for_each(|slot| helpers.on_asked(FIRST, Slot(slot)));
        let silent = |helpers: &Helpers, nonce| helpers.silent(nonce).map(|slot| slot.0).collect::<Vec<_>>();
        assert_eq!(silent(&helpers, FIRST), [1, 2, 3]);
        assert!(helpers.on_word(FIRST, Slot(2)));
        assert!(!helpers.on_word(FIRST, Slot(2)), "a repeated datagram");
        assert!(!helpers.on_word(FIRST, Slot(9)), "was not asked");
        assert!(!helpers.on_word(SECOND, Slot(1)), "another probe");
        assert_eq!((silent(&helpers, FIRST), silent(&helpers, SECOND)), (vec![1, 3], vec![]));
        helpers.on_asked(SECOND, Slot(1));
        assert_eq!((silent(&helpers, FIRST), silent(&helpers, SECOND)), (vec![], vec![1]));
    }

    #[test]
    fn as_many_are_remembered_as_a_choice_can_give() {
        assert_eq!(HELPERS_MAX, crate::membership::CHOICE_MAX as usize);
        let mut helpers = Helpers::none();
        (1..=20).for_each(|slot| helpers.on_asked(FIRST, Slot(slot)));
        assert_eq!(helpers.silent(FIRST).count(), 16);
        assert!(!helpers.on_word(FIRST, Slot(20)));
    }
}
