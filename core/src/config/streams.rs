//! How many streams may a node have, and for how long may one say nothing?

use core::time::Duration;

use super::{ConfigError, count, duration};
use crate::wire::DATAGRAM_BYTES_MAX;

/// What streams may cost. All nodes of a cluster that have any must take messages as long as the others' datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// The most streams that this node opens at once, and as many that others open; at most 4096.
    pub most: u32,
    /// A stream that brings no whole message for so long is over, however many bytes of one it brings.
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
    pub(super) fn validate(&self, datagram_bytes_max: usize) -> Result<(), ConfigError> {
        duration("streams.idle", self.idle)?;
        count("streams.most", self.most.into(), 1, 4096)?;
        count("streams.message_bytes_max", self.message_bytes_max as u64, datagram_bytes_max as u64, 1 << 24)
    }
}
