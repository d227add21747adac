//! What time is it: for deadlines, and for telling one life of a node from the next?
//!
//! These are two clocks. Deadlines need one that never runs backwards and need no date; boot numbers need
//! one that goes on counting while the machine is off.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quidnunc_core::Instant;

/// The machine's monotonic clock, as the core's time: nanoseconds since this clock was made.
///
/// **Suspend is counted** on Linux and Android (`CLOCK_BOOTTIME`), so that a machine that was asleep knows that it was: the core
/// takes that for a freeze, accuses nobody for answers that it slept through, and counts it ([`Stats::freezes`]). Elsewhere
/// it is std's clock, which counts it on some systems only; a node that does not notice its sleep goes on as if it had not
/// been. Meanwhile the others may have declared the node dead; it contradicts when it hears so.
///
/// [`Stats::freezes`]: quidnunc_core::Stats::freezes
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Reading,
}

impl Clock {
    /// A clock that starts now, at zero.
    #[must_use]
    pub fn start() -> Self {
        Self { start: read() }
    }

    /// The time now; never before an earlier answer.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::from_nanos(0).after(since(self.start))
    }

    /// Lets as much time have passed as if the machine had slept.
    #[cfg(test)]
    pub(crate) fn skip(&mut self, slept: Duration) {
        self.start = self.start.checked_sub(slept).expect("the machine has run for longer");
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
type Reading = Duration;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
type Reading = std::time::Instant;

/// What the clock shows.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn read() -> Reading {
    let shown = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    // Neither is ever negative.
    Duration::new(u64::try_from(shown.tv_sec).unwrap_or(0), u32::try_from(shown.tv_nsec).unwrap_or(0))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn since(start: Reading) -> Duration {
    read().saturating_sub(start)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn read() -> Reading {
    std::time::Instant::now()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn since(start: Reading) -> Duration {
    start.elapsed()
}

/// A boot number for a node that remembers none: milliseconds of wall clock since 1970, 0 before.
///
/// It is larger after a restart unless the wall clock was set back in between. Then the others still hold
/// the larger number of the life before; as soon as the node hears of it, it raises its own above and says
/// so ([`Event::Refuted`]). A node that keeps its last number on disk avoids that with [`boot_after`].
///
/// [`Event::Refuted`]: quidnunc_core::Event::Refuted
#[must_use]
pub fn boot_now() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

/// A boot number for a node whose last one was `last`: strictly larger, whatever the wall clock says.
///
/// It must be on disk before the node starts with it; a later number comes with [`Event::Refuted`].
///
/// [`Event::Refuted`]: quidnunc_core::Event::Refuted
#[must_use]
pub fn boot_after(last: u64) -> u64 {
    boot_now().max(last.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_does_not_run_backwards() {
        let clock = Clock::start();
        let readings: Vec<Instant> = (0..1000).map(|_| clock.now()).collect();
        assert!(readings.is_sorted());
    }

    #[test]
    fn a_boot_number_is_larger_than_the_last_one_even_if_the_wall_clock_was_set_back() {
        let from_the_future = boot_now() + 1_000_000;
        assert_eq!(boot_after(from_the_future), from_the_future + 1);
        assert!(boot_after(0) > 1_700_000_000_000, "the wall clock of this machine is off by years");
    }
}
