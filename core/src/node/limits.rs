//! What do the settings mean to each room?

use crate::config::Config;
use crate::membership::Limits;
use crate::state::flow;

pub(super) const fn limits_of(config: &Config) -> Limits {
    let Config { members_max, tombstone_life, hash_seed, .. } = *config;
    Limits { members_max, tombstone_life, hash_seed }
}

pub(super) const fn state_limits_of(config: &Config) -> crate::state::Limits {
    crate::state::Limits { map_bytes_max: config.map_bytes_max, grace: config.state_grace }
}

pub(super) fn flow_limits_of(config: &Config) -> flow::Limits {
    flow::Limits {
        rate: config.state_rate.into(),
        burst: config.write_burst.into(),
        round: config.gossip_interval,
        datagram: config.datagram_bytes_max as u64,
    }
}
