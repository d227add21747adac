//! Who is suspected, and until when?
//!
//! A suspicion ends by contradiction or by its deadline. Shortly before the deadline the suspect gets one
//! last chance: a verdict of death cannot be taken back cheaply, a question can.

use core::time::Duration;

use crate::vocab::{Agenda, Instant, Slot, log10_milli};

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

/// The open suspicions: each with its next deadline and its end.
#[derive(Debug, Clone)]
pub(crate) struct Suspicions {
    open: Agenda<Instant>,
    /// How long before the end the last chance is given.
    chance: Duration,
}

impl Suspicions {
    pub(crate) const fn new(chance: Duration, hash_seed: u64) -> Self {
        Self { open: Agenda::new(hash_seed), chance }
    }

    /// Opens a suspicion that lasts for `length`. An open one is kept as it is.
    pub(crate) fn open(&mut self, slot: Slot, length: Duration, now: Instant) {
        if !self.is_open(slot) {
            self.open.set(slot, now.after(length.saturating_sub(self.chance)), now.after(length));
        }
    }

    /// Ends a suspicion, because it was contradicted or because somebody else convicted.
    pub(crate) fn close(&mut self, slot: Slot) {
        self.open.remove(slot);
    }

    /// Takes the next thing that is due, if one is.
    pub(crate) fn on_deadline(&mut self, now: Instant) -> Option<Due> {
        let at = self.open.next_deadline();
        let (slot, until) = self.open.take_due(now)?;
        // The last chance was given when the deadline became the end.
        if at == until {
            return Some(Due::Convict(slot));
        }
        // A late last chance is still a chance.
        let until = until.max(now.after(self.chance));
        self.open.set(slot, until, until);
        Some(Due::LastChance(slot))
    }

    /// When something is due next.
    pub(crate) fn next_deadline(&self) -> Instant {
        self.open.next_deadline()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether the member in this row is under suspicion here.
    pub(crate) fn is_open(&self, slot: Slot) -> bool {
        self.open.get(slot).is_some()
    }

    /// Asserts that the agenda is sound.
    pub(crate) fn check(&self) {
        self.open.check();
    }
}
