//! How are cluster-wide infos spread, where a node takes part in that?

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::vocab::{INFO_KEY_BYTES_MAX, INFO_VALUE_BYTES_MAX};
use crate::wire::INFO_ROOM_BYTES;

/// The longest info goes into one datagram.
pub(super) const INFO_DATAGRAM_BYTES_MIN: usize = INFO_ROOM_BYTES + INFO_KEY_BYTES_MAX + INFO_VALUE_BYTES_MAX;
const _: () = assert!(INFO_DATAGRAM_BYTES_MIN <= 1232, "infos go over every path that IPv6 does");

/// What can be set of infos and of the links over which they go. All nodes of a cluster use the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InfoSettings {
    /// The unit in which everything about links is measured: a link gives a sign of life about once per interval, what was
    /// only announced is asked for after a third of one, and the own marker is stamped anew every ten.
    pub interval: Duration,
    /// The most infos that are kept, what is left of deleted and ended ones included.
    pub infos_max: u32,
    /// The most that all of them weigh, in bytes of keys and values and 72 each.
    pub bytes_max: usize,
    /// Rules of 2014 that hold instead of ours.
    pub compat: Compat2014,
}

/// Rules of the system of 2014 where ours differ. None of them holds by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Compat2014 {
    /// Of equal values in a group the one that arrived first is better with [`Min`](crate::GroupOrder::Min), and the one
    /// that arrived last with [`Max`](crate::GroupOrder::Max); so nodes may list different ones. Ours: the smaller key.
    pub ties_by_arrival: bool,
    /// A life of no time lasts for ever. Ours: it is refused, and what is meant to last says so.
    pub zero_is_permanent: bool,
    /// A group that is registered may not be registered again, even as it is. Ours: only not as another one.
    pub groups_once: bool,
}

impl Compat2014 {
    /// Ours.
    pub(super) const NONE: Self = Self { ties_by_arrival: false, zero_is_permanent: false, groups_once: false };
}

impl Default for InfoSettings {
    /// Those of [`Config::infos`](super::Config::infos).
    fn default() -> Self {
        Self::STANDARD
    }
}

impl InfoSettings {
    /// The interval of the system of 2014.
    pub(super) const STANDARD: Self =
        Self { interval: Duration::from_secs(2), infos_max: 1 << 16, bytes_max: 16 << 20, compat: Compat2014::NONE };

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        super::duration("infos.interval", self.interval)?;
        super::count("infos.infos_max", self.infos_max.into(), 16, 1 << 24)?;
        super::count("infos.bytes_max", self.bytes_max as u64, 1 << 14, 1 << 32)
    }
}
