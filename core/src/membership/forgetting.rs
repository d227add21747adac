//! For how long is somebody remembered who has gone?
//!
//! A record of somebody dead or left has an age. At one age, the same everywhere, it is forgotten: the row is given
//! up, and what says the same at that age is refused.

use core::time::Duration;

use super::Membership;
use crate::vocab::{Instant, Record, Slot};

impl Membership {
    /// What the row says, as it is told on at `now`.
    pub(crate) fn record_at(&self, slot: Slot, now: Instant) -> Record {
        let record = self.record(slot);
        if record.health.is_live() {
            return record;
        }
        // What waits to be sent may still point at a row that was given up; nobody believes it at that age. The
        // node's own goodbye never grows old.
        let no_tombstone = if slot == Slot::SELF { self.limits.tombstone_life } else { Duration::ZERO };
        let left = self.tombstones.get(slot).map_or(no_tombstone, |end| end.since(now));
        let age = self.limits.tombstone_life.saturating_sub(left).as_millis();
        Record { age_ms: u32::try_from(age).unwrap_or(u32::MAX), ..record }
    }

    /// When a record of somebody who has gone is old enough to be forgotten.
    pub(super) fn forgotten_at(&self, record: &Record, now: Instant) -> Instant {
        let age = Duration::from_millis(record.age_ms.into());
        now.after(self.limits.tombstone_life.saturating_sub(age))
    }

    /// Forgets one member whose record has reached the age for that. Returns its row and what
    /// that said last.
    pub(crate) fn forget_due(&mut self, now: Instant) -> Option<(Slot, Record)> {
        if self.tombstones.next_deadline() <= now { self.forget_first(now) } else { None }
    }

    /// Forgets whoever would be forgotten next. Returns its row and what that said last.
    pub(crate) fn forget_first(&mut self, now: Instant) -> Option<(Slot, Record)> {
        let (_, slot) = self.tombstones.first()?;
        let last = self.record_at(slot, now);
        self.tombstones.remove(slot);
        self.index.remove(self.roster.get(slot).id_hash(), slot);
        self.roster.vacate(slot);
        self.follow_subnet(slot);
        Some((slot, last))
    }

    /// How much is kept: rows, tombstones, places of addresses and of domains.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> [usize; 4] {
        let (addresses, domains) = self.roster.beside();
        [self.rows() as usize, self.tombstones.len(), addresses, domains]
    }

    /// When somebody is to be forgotten next.
    pub(crate) fn next_deadline(&self) -> Instant {
        self.tombstones.next_deadline()
    }
}
