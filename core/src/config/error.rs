//! Which settings cannot work?

use core::time::Duration;

#[cfg(doc)]
use super::Detector;
use crate::detector::heartbeat::HeartbeatError;
use crate::detector::phi;
use crate::quorum::SettingsError as QuorumSettingsError;

/// Two settings that cannot work together, or one that cannot work at all. Nothing was built.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A probe would still wait when its period is over.
    #[error("probe_timeout {timeout:?} is not below period {period:?}")]
    ProbeTimeout {
        /// The timeout.
        timeout: Duration,
        /// The period.
        period: Duration,
    },
    /// The dead would be forgotten while rumours of them still go round.
    #[error("tombstone_life {life:?} is below {least:?}, twice the longest suspicion")]
    TombstoneLife {
        /// What was set.
        life: Duration,
        /// The least that works with the other settings.
        least: Duration,
    },
    /// A datagram of this size cannot carry the protocol, or cannot be sent.
    #[error("datagram_bytes_max {bytes} is not between {least} and {most}")]
    DatagramBytes {
        /// What was set.
        bytes: usize,
        /// The least that works.
        least: usize,
        /// The most that works.
        most: usize,
    },
    /// A duration is outside what works.
    #[error("{name} {value:?} is not between {least:?} and {most:?}")]
    Duration {
        /// Name of the setting.
        name: &'static str,
        /// What was set.
        value: Duration,
        /// The least that works.
        least: Duration,
        /// The most that works.
        most: Duration,
    },
    /// A count is outside what works.
    #[error("{name} {value} is not between {least} and {most}")]
    Count {
        /// Name of the setting.
        name: &'static str,
        /// What was set.
        value: u64,
        /// The least that works.
        least: u64,
        /// The most that works.
        most: u64,
    },
    /// The rules of suspicion of [`Detector::Phi`] or [`Detector::Ring`] cannot work.
    #[error("detector: {0}")]
    Accrual(phi::SettingsError),
    /// The rule of [`Detector::Heartbeat`] cannot work.
    #[error("detector: {0}")]
    Heartbeat(HeartbeatError),
    /// What is set of the quorum cannot work.
    #[error("quorum: {0}")]
    Quorum(#[from] QuorumSettingsError),
    /// A voter would count as lost before it can be heard again.
    #[error("quorum: lease {lease:?} is below {least:?}, three intervals and what the clock tolerates")]
    Lease {
        /// What was set.
        lease: Duration,
        /// The least that works with the other settings.
        least: Duration,
    },
    /// A boot so large that it cannot be raised for ever.
    #[error("boot {boot} is above {most}")]
    Boot {
        /// What was given.
        boot: u64,
        /// The most that works.
        most: u64,
    },
    /// Nobody can listen at the node's own address.
    #[error("{addr} is not an address that others can reach")]
    Address {
        /// The address.
        addr: core::net::SocketAddr,
    },
    /// The node's own address is in none of the networks from which it takes members, and others with its list would not
    /// take it.
    #[error("the node's own address {addr} is outside the networks that it allows")]
    NotAllowed {
        /// The address.
        addr: core::net::SocketAddr,
    },
}
