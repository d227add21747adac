//! How long does a suspicion last, by how many confirm it?

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{CONFIRMATIONS_MAX, log10_milli, nanos};

/// How long a suspicion lasts at least in a cluster of `members`: `mult * max(1, log10 n) * period`
/// (memberlist's minimum; SWIM section 4.2 leaves the length open).
pub(crate) fn suspicion_length(mult: u32, members: u32, period: Duration) -> Duration {
    let milli = u64::from(log10_milli(members).max(1000)) * u64::from(mult);
    Duration::from_nanos(nanos(period).saturating_mul(milli) / 1000)
}

/// How long a suspicion may last, and how many confirmations make it as short as it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Length {
    pub(crate) min: Duration,
    pub(crate) max: Duration,
    pub(super) wanted: u8,
}

impl Length {
    /// The length in a cluster of `members`: from the least one up to `max_mult` times that. Wanted are `mult - 2`
    /// confirmations, or none where so many others cannot be (memberlist).
    pub(crate) fn new((mult, max_mult): (u32, u32), members: u32, period: Duration) -> Self {
        let min = suspicion_length(mult, members, period);
        let wanted = mult.saturating_sub(2).min(u32::try_from(CONFIRMATIONS_MAX).unwrap_or(u32::MAX));
        if members.saturating_sub(2) < wanted {
            return Self::fixed(min);
        }
        Self { min, max: min.saturating_mul(max_mult), wanted: u8::try_from(wanted).unwrap_or(u8::MAX) }
    }

    /// A suspicion that no confirmation makes shorter.
    pub(crate) const fn fixed(length: Duration) -> Self {
        Self { min: length, max: length, wanted: 0 }
    }

    /// The length after so many confirmations: `max - (max - min) * log(c + 1) / log(k + 1)`.
    pub(crate) fn after(self, confirmations: usize) -> Duration {
        let log = |count: usize| log10_milli(u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1));
        let wanted = usize::from(self.wanted);
        if confirmations >= wanted {
            return self.min;
        }
        let spread = nanos(self.max.saturating_sub(self.min));
        let less = u128::from(spread) * u128::from(log(confirmations)) / u128::from(log(wanted).max(1));
        self.max.saturating_sub(Duration::from_nanos(u64::try_from(less).unwrap_or(u64::MAX)))
    }
}
