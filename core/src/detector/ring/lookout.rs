//! Who beyond the watched is asked whether this node is heard at all, while none of the watched answers?
//!
//! Of a few members on a small island each may watch none of the others. So the next one in the ring is asked, once per
//! interval, until somebody answers; that one is asked again for as long as it does. Nobody is accused for it.

use serde::{Deserialize, Serialize};

use crate::vocab::{Instant, Nonce, Slot};

/// Whoever has answered is asked so many times in vain before the next one is.
const TRIES: u8 = 3;

/// The member that was asked last.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Lookout {
    /// How far behind this node it stands, and its row.
    pub(super) place: (u64, Slot),
    nonce: Nonce,
    pub(super) asked: Instant,
    is_open: bool,
    /// How many more times it is asked.
    tries: u8,
}

impl Lookout {
    /// Asks a member with this nonce, be it a new one or the one of before.
    pub(super) fn ask(before: Option<Self>, place: (u64, Slot), nonce: Nonce, now: Instant) -> Self {
        let tries = before.filter(|it| it.place == place).map_or(0, |it| it.tries.saturating_sub(1));
        Self { place, nonce, asked: now, is_open: true, tries }
    }

    /// Whether it may be asked again, because it has answered lately.
    pub(super) const fn is_kept(&self) -> bool {
        self.tries > 0
    }

    /// A member answers. Returns whether that was awaited; each answer is once.
    pub(super) fn on_answer(&mut self, slot: Slot, nonce: Nonce) -> bool {
        let awaited = self.is_open && (self.place.1, self.nonce) == (slot, nonce);
        if awaited {
            (self.is_open, self.tries) = (false, TRIES);
        }
        awaited
    }
}
