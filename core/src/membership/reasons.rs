//! Why does a row say what it says? Kept here for the room that knows, in bits that the row has to spare.

use super::Membership;
use crate::vocab::{Reason, Slot};

impl Membership {
    /// Keeps why the row says what it says now.
    pub(crate) fn note_reason(&mut self, slot: Slot, reason: Reason) {
        self.roster.set_reason(slot, reason);
    }

    /// What was noted last.
    pub(crate) fn reason(&self, slot: Slot) -> Reason {
        self.roster.get(slot).reason()
    }
}
