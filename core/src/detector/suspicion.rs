//! Who is suspected, and until when?
//!
//! A suspicion ends by contradiction or by its deadline. Shortly before the deadline the suspect gets one
//! last chance: a verdict of death cannot be taken back cheaply, a question can.

use alloc::collections::BTreeSet;
use core::time::Duration;

use crate::vocab::{Instant, Map, Slot, log10_milli};

/// How long a suspicion lasts in a cluster of `members`: `mult * max(1, log10 n) * period`
/// (memberlist's minimum; SWIM section 4.2 leaves the length open).
pub(crate) fn suspicion_length(mult: u32, members: u32, period: Duration) -> Duration {
    let milli = u64::from(log10_milli(members).max(1000)) * u64::from(mult);
    let nanos = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(nanos.saturating_mul(milli) / 1000)
}

/// What a deadline of a suspicion asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Ask the suspect, directly and through helpers, once more.
    LastChance(Slot),
    /// Nobody contradicted in time.
    Convict(Slot),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    /// The next thing that is due.
    at: Instant,
    /// The end; equal to `at` once the last chance was given.
    until: Instant,
}

/// The open suspicions.
#[derive(Debug, Clone)]
pub(crate) struct Suspicions {
    open: Map<Slot, Open>,
    queue: BTreeSet<(Instant, Slot)>,
    /// How long before the end the last chance is given.
    chance: Duration,
}

impl Suspicions {
    pub(crate) const fn new(chance: Duration, hash_seed: u64) -> Self {
        Self { open: Map::new(hash_seed), queue: BTreeSet::new(), chance }
    }

    /// Opens a suspicion that lasts for `length`. An open one is kept as it is.
    pub(crate) fn open(&mut self, slot: Slot, length: Duration, now: Instant) {
        if self.open.get(slot).is_some() {
            return;
        }
        let until = now.after(length);
        let open = Open { at: now.after(length.saturating_sub(self.chance)), until };
        self.queue.insert((open.at, slot));
        self.open.insert(slot, open);
    }

    /// Ends a suspicion, because it was contradicted or because somebody else convicted.
    pub(crate) fn close(&mut self, slot: Slot) {
        if let Some(open) = self.open.remove(slot) {
            self.queue.remove(&(open.at, slot));
        }
    }

    /// Takes the next thing that is due, if one is.
    pub(crate) fn on_deadline(&mut self, now: Instant) -> Option<Due> {
        let &(at, slot) = self.queue.first()?;
        if at > now {
            return None;
        }
        self.queue.pop_first();
        let open = self.open.get(slot)?;
        if open.at == open.until {
            self.open.remove(slot);
            return Some(Due::Convict(slot));
        }
        // A late last chance is still a chance.
        let until = open.until.max(now.after(self.chance));
        self.open.insert(slot, Open { at: until, until });
        self.queue.insert((until, slot));
        Some(Due::LastChance(slot))
    }

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Instant {
        self.queue.first().map_or(Instant::NEVER, |&(at, _)| at)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether the member in this row is under suspicion here.
    pub(crate) fn is_open(&self, slot: Slot) -> bool {
        self.open.get(slot).is_some()
    }

    /// Asserts that table and queue hold the same suspicions.
    pub(crate) fn check(&self) {
        assert_eq!(self.open.len(), self.queue.len(), "one deadline per suspicion");
        for &(at, slot) in &self.queue {
            assert_eq!(self.open.get(slot).map(|open| open.at), Some(at), "the deadline is the suspicion's");
        }
    }
}
