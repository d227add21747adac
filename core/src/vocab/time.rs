//! When: one type for instants, fed from outside.

use core::fmt;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// Nanoseconds since an epoch that the embedder chooses: zero in the simulator, process start in a driver.
///
/// The core compares instants and adds durations to them; it never asks what time it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Instant(u64);

impl Instant {
    /// The last instant that can be written down; stands for "never" in tables of deadlines.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// The instant so many nanoseconds after the epoch.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// This much later; stays at the end of time instead of wrapping.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(nanos(wait)))
    }

    /// This much earlier; stays at the epoch instead of wrapping.
    #[must_use]
    pub(crate) fn before(self, wait: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(wait)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A duration in nanoseconds, cut at the largest `u64` (584 years).
pub(crate) fn nanos(wait: Duration) -> u64 {
    u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}s", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_stays_inside_the_number_line() {
        assert_eq!(Instant::NEVER.after(Duration::MAX), Instant::NEVER);
        assert_eq!(Instant::from_nanos(1).since(Instant::from_nanos(2)), Duration::ZERO);
    }
}
