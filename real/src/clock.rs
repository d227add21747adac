//! What time is it for all processes of this machine?

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of the machine's monotonic clock, the same in all its processes and namespaces.
#[must_use]
pub fn now_ns() -> u64 {
    let shown = clock_gettime(ClockId::Monotonic);
    let (seconds, nanos) = (u64::try_from(shown.tv_sec).unwrap_or(0), u64::try_from(shown.tv_nsec).unwrap_or(0));
    seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
}

/// How long it is until an instant of that clock; nothing when it is over.
#[must_use]
pub fn until(at_ns: u64) -> Duration {
    Duration::from_nanos(at_ns.saturating_sub(now_ns()))
}
