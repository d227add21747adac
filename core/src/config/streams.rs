//! How many streams may a node have, and for how long may one say nothing?

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ConfigError, count, duration};
use crate::wire::{DATAGRAM_BYTES_MAX, LETTER_ROOM_BYTES};

/// No letter of an application is longer, in bytes, whatever a message may hold ([`StreamLimits::letter_bytes_max`]).
pub const LETTER_BYTES_MAX: usize = 1 << 20;

/// What streams may cost. All nodes of a cluster that have any must take messages as long as the others' datagrams, and
/// as their letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamLimits {
    /// The most streams that this node opens at once, and as many that others open; at most 4096.
    pub most: u32,
    /// A stream that brings no whole message for so long is over, however many bytes of one it brings. A letter has as long
    /// to be confirmed.
    pub idle: Duration,
    /// The longest message that is read, in bytes.
    pub message_bytes_max: usize,
}

impl Default for StreamLimits {
    /// 32 streams each way and memberlist's 10 s; a message may be as long as any datagram.
    fn default() -> Self {
        Self { most: 32, idle: Duration::from_secs(10), message_bytes_max: DATAGRAM_BYTES_MAX }
    }
}

impl StreamLimits {
    /// The longest letter of an application ([`Command::Send`](crate::Command::Send)), in bytes: what a message holds
    /// besides what every letter needs, and [`LETTER_BYTES_MAX`] at most. 65 395 at the default.
    #[must_use]
    pub const fn letter_bytes_max(&self) -> usize {
        let room = self.message_bytes_max.saturating_sub(LETTER_ROOM_BYTES);
        if room < LETTER_BYTES_MAX { room } else { LETTER_BYTES_MAX }
    }

    pub(super) fn validate(&self, datagram_bytes_max: usize) -> Result<(), ConfigError> {
        duration("streams.idle", self.idle)?;
        count("streams.most", self.most.into(), 1, 4096)?;
        count("streams.message_bytes_max", self.message_bytes_max as u64, datagram_bytes_max as u64, 1 << 24)
    }
}
