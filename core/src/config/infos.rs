//! How are cluster-wide infos spread, where a node takes part in that?

use core::time::Duration;

use super::ConfigError;

/// What can be set of infos and of the links over which they go. All nodes of a cluster use the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfoSettings {
    /// The unit in which everything about links is measured: a link gives a sign of life about once per interval, what was
    /// only announced is asked for after a third of one, and the own marker is stamped anew every ten.
    pub interval: Duration,
    /// The most infos that are kept, what is left of deleted and ended ones included.
    pub infos_max: u32,
    /// The most that all of them weigh, in bytes of keys and values and 72 each.
    pub bytes_max: usize,
}

impl InfoSettings {
    /// The interval of the system of 2014.
    pub(super) const STANDARD: Self =
        Self { interval: Duration::from_secs(2), infos_max: 1 << 16, bytes_max: 16 << 20 };

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        super::duration("infos.interval", self.interval)?;
        super::count("infos.infos_max", self.infos_max.into(), 16, 1 << 24)?;
        super::count("infos.bytes_max", self.bytes_max as u64, 1 << 14, 1 << 32)
    }
}
