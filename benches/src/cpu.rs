//! How much processor time has been used? Wall time says little on a machine that others use too.

use rustix::time::{ClockId, clock_gettime};

/// Processor time of this process so far, all threads together, in nanoseconds.
///
/// # Panics
/// When the clock shows what no clock shows: a negative time.
#[must_use]
pub fn process_nanos() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let part = |number: i64| u64::try_from(number).expect("a process has used no negative time");
    part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
}
