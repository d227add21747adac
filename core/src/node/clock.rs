//! What time is it for the protocol?
//!
//! Node time is the embedder's time without the stretches in which the process stood still. A process
//! that was paused finds all its deadlines overdue at once; if it believed its clock, it would accuse
//! everybody whose answer lies unread in its own socket. So when a deadline is overdue by more than a
//! tolerance, node time goes on from the last input that counted, and everything ahead keeps its distance.
//! If nothing counted until the next reading that is late too, the embedder is just slow: then node time goes
//! to the deadline, so that even a driver that always comes late gets on.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Instant, nanos};

use super::Node;

/// The embedder's clock, made monotonic, and the time lost in freezes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Clock {
    latest: Instant,
    /// Node time of the last input that counted.
    anchor: Instant,
    /// Whether the last reading was a freeze, and nothing has counted since.
    frozen: bool,
    lost_nanos: u64,
    tolerance_nanos: u64,
}

/// What was odd about a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Nothing.
    Regular,
    /// It lay before an earlier one; the earlier one is used.
    Backwards,
    /// The process stood still.
    Frozen,
}

impl Clock {
    pub(super) fn new(now: Instant, tolerance: Duration) -> Self {
        Self { latest: now, anchor: now, frozen: false, lost_nanos: 0, tolerance_nanos: nanos(tolerance) }
    }

    /// Node time at the embedder's `now`, given the earliest deadline in node time.
    pub(super) fn read(&mut self, now: Instant, deadline: Instant) -> (Instant, Reading) {
        let backwards = now < self.latest;
        self.latest = self.latest.max(now);
        let node_now = self.node_time();
        if node_now.as_nanos().saturating_sub(deadline.as_nanos()) > self.tolerance_nanos {
            let goes_on_from = if self.frozen { deadline } else { self.anchor };
            self.frozen = true;
            self.lost_nanos = self.latest.as_nanos().saturating_sub(goes_on_from.as_nanos());
            return (goes_on_from, Reading::Frozen);
        }
        (node_now, if backwards { Reading::Backwards } else { Reading::Regular })
    }

    /// Something happened at this node time. A look at the clock that leads to nothing does not count, so
    /// that it can be left out or repeated without a trace.
    pub(super) const fn mark(&mut self, now: Instant) {
        (self.anchor, self.frozen) = (now, false);
    }

    /// Node time at the latest reading.
    const fn node_time(&self) -> Instant {
        Instant::from_nanos(self.latest.as_nanos().saturating_sub(self.lost_nanos))
    }

    /// The node time of an embedder's time.
    pub(super) fn inside(&self, at: Instant) -> Instant {
        if at == Instant::NEVER { at } else { Instant::from_nanos(at.as_nanos().saturating_sub(self.lost_nanos)) }
    }

    /// The embedder's time at the latest reading.
    pub(super) const fn latest(&self) -> Instant {
        self.latest
    }

    /// The embedder's time of a node time.
    pub(super) fn outside(&self, at: Instant) -> Instant {
        Instant::from_nanos(at.as_nanos().saturating_add(self.lost_nanos))
    }
}

impl Node {
    /// Node time of an input.
    pub(super) fn node_time(&mut self, now: Instant) -> Instant {
        let (now, reading) = self.clock.read(now, self.deadlines.earliest().0);
        match reading {
            Reading::Regular => {}
            Reading::Backwards => self.stats.clock_backwards += 1,
            Reading::Frozen => {
                self.stats.freezes += 1;
                self.void_evidence(now);
                if let Some(beating) = &mut self.cold.beating {
                    beating.beats.on_freeze(now);
                }
                self.schedule_forgetting(now);
                self.schedule_values(now);
            }
        }
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn a_freeze_moves_every_deadline_and_never_shows_in_node_time() {
        let mut clock = Clock::new(at(0), Duration::from_millis(250));
        assert_eq!(clock.read(at(1250), at(1000)), (at(1250), Reading::Regular));
        clock.mark(at(1250));
        assert_eq!(clock.read(at(1300), at(1500)), (at(1300), Reading::Regular));
        assert_eq!(clock.read(at(31_000), at(1500)), (at(1250), Reading::Frozen));
        assert_eq!(clock.outside(at(1500)), at(31_250), "the deadline is as far off as it was");
        assert_eq!(clock.read(at(31_100), at(2000)), (at(1350), Reading::Regular));
    }

    #[test]
    fn whoever_always_comes_late_gets_on_all_the_same() {
        let mut clock = Clock::new(at(0), Duration::from_millis(250));
        assert_eq!(clock.read(at(1000), at(500)), (at(0), Reading::Frozen));
        assert_eq!(clock.read(at(2000), at(500)), (at(500), Reading::Frozen));
    }

    #[test]
    fn time_does_not_run_backwards() {
        let mut clock = Clock::new(at(100), Duration::from_millis(250));
        assert_eq!(clock.read(at(50), Instant::NEVER), (at(100), Reading::Backwards));
    }
}
