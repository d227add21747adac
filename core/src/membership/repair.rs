//! When does this node ask another for what rumours failed to bring?
//!
//! Every packet carries its sender's fingerprint. One that differs proves nothing: a rumour may be on its
//! way. Several in a row, for longer than a rumour takes to reach everybody, do; then one repair is started, at
//! most one per gap *in all*: at ten thousand nodes nearly every packet comes from another peer, so a limit
//! per peer limits nothing. The gap doubles while repairs find nothing, and a young node does not wait at all.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::Instant;

/// Mismatches in a row that start a repair.
const STREAK: u8 = 4;

/// The same while some member is suspected: a lost refutation costs a life.
const STREAK_SUSPECTING: u8 = 2;

/// A node is young for this long after it was let in.
const YOUTH: Duration = Duration::from_secs(10);

/// The gap after a datagram of a repair that brought so much news: the roster is still being filled.
const GAP_FILLING: Duration = Duration::from_millis(100);
const FILLING_RECORDS: u32 = 24;

/// The gap never grows beyond this many times the configured one.
const GAP_GROWTH_MAX: u32 = 8;

/// Pace of repairs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Repairs {
    gap_first: Duration,
    gap: Duration,
    next: Instant,
    young_until: Instant,
    streak: u8,
    /// Since when no packet's fingerprint was the node's own; `NEVER` if the last one's was.
    differs_since: Instant,
}

impl Repairs {
    pub(crate) const fn new(gap: Duration, now: Instant) -> Self {
        Self { gap_first: gap, gap, next: now, young_until: now, streak: 0, differs_since: Instant::NEVER }
    }

    /// The node was let in: for a while it asks at the first difference.
    pub(crate) fn on_joined(&mut self, now: Instant) {
        self.young_until = now.after(YOUTH);
        (self.gap, self.next) = (self.gap_first, now);
    }

    /// A packet's fingerprint was the node's own.
    pub(crate) const fn on_equal(&mut self) {
        (self.streak, self.differs_since) = (0, Instant::NEVER);
    }

    /// A packet's fingerprint was another one. Returns whether to start a repair with its sender now. `rumours`
    /// is how long a rumour may be on its way before everybody has it.
    pub(crate) fn on_mismatch(&mut self, suspecting: bool, rumours: Duration, now: Instant) -> bool {
        self.streak = self.streak.saturating_add(1);
        self.differs_since = self.differs_since.min(now);
        let enough = match (self.is_young(now), suspecting) {
            (true, _) => true,
            (false, true) => self.streak >= STREAK_SUSPECTING,
            (false, false) => self.streak >= STREAK && now.since(self.differs_since) >= rumours,
        };
        enough && self.try_start(now)
    }

    /// Takes the turn if the gap is over.
    pub(crate) fn try_start(&mut self, now: Instant) -> bool {
        if now < self.next {
            return false;
        }
        self.streak = 0;
        self.next = now.after(self.gap);
        self.gap = (self.gap * 2).min(self.gap_first * GAP_GROWTH_MAX);
        true
    }

    /// A repair brought records that were news.
    pub(crate) fn on_found(&mut self, records: u32, now: Instant) {
        self.gap = self.gap_first;
        let soon = if records >= FILLING_RECORDS { GAP_FILLING } else { self.gap_first };
        self.next = self.next.min(now.after(soon));
    }

    /// When a young node that still differs asks again, whoever it is; `NEVER` for the others, who wait
    /// for a packet that differs.
    pub(crate) fn next_deadline(&self, now: Instant) -> Instant {
        let next = self.next.max(now);
        if self.streak > 0 && next < self.young_until { next } else { Instant::NEVER }
    }

    /// Whether the node was let in only lately.
    pub(crate) fn is_young(&self, now: Instant) -> bool {
        now < self.young_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_millis(500);
    const RUMOURS: Duration = Duration::from_secs(2);

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    /// One packet that differs every 100 ms; returns when repairs begin, in milliseconds.
    fn begun(repairs: &mut Repairs, suspecting: bool, from: u64, until: u64) -> alloc::vec::Vec<u64> {
        (from..until).step_by(100).filter(|&ms| repairs.on_mismatch(suspecting, RUMOURS, at(ms))).collect()
    }

    #[test]
    fn a_mismatch_must_outlive_every_rumour_and_the_gap_doubles() {
        let mut repairs = Repairs::new(GAP, at(0));
        assert_eq!(begun(&mut repairs, false, 0, 10_000), [2000, 2500, 3500, 5500, 9500]);
        repairs.on_found(1, at(10_000));
        assert_eq!(begun(&mut repairs, false, 10_000, 11_500), [10_500, 11_000], "what was found makes it quick again");
        repairs.on_equal();
        assert_eq!(begun(&mut repairs, false, 13_000, 15_000), [], "whoever agreed in between waits anew");
    }

    #[test]
    fn two_are_enough_while_somebody_is_suspected() {
        let mut repairs = Repairs::new(GAP, at(0));
        assert_eq!(begun(&mut repairs, true, 0, 1000), [100, 600]);
    }

    #[test]
    fn the_young_ask_at_once_and_by_themselves() {
        let mut repairs = Repairs::new(GAP, at(0));
        repairs.on_joined(at(0));
        assert_eq!(repairs.next_deadline(at(0)), Instant::NEVER, "nothing differs yet");
        assert!(repairs.on_mismatch(false, RUMOURS, at(100)));
        assert!(!repairs.on_mismatch(false, RUMOURS, at(200)));
        assert_eq!(repairs.next_deadline(at(200)), at(600));
        repairs.on_found(FILLING_RECORDS, at(300));
        assert_eq!(repairs.next_deadline(at(300)), at(400), "a roster that is being filled");
        assert_eq!(repairs.next_deadline(at(10_000)), Instant::NEVER, "grown up");
    }
}
