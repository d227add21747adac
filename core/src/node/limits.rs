//! What do the settings mean to each room?

use crate::config::Config;
use crate::membership::Limits;
use crate::state::flow;
use crate::vocab::{Record, Rng, stable_hash};

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

/// The number that tells an instance from another one with its identity: from a stream of chance of its own, so that
/// it tells nothing of the others, and with the address, because a copied disk may have brought the seed along.
pub(super) fn instance_of(seed: u64, own: &Record) -> u64 {
    let drawn = Rng::new(!seed, own.id, own.incarnation.boot).next();
    stable_hash(drawn, alloc::format!("{}", own.addr).as_bytes())
}
