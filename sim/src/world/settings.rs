//! What do the settings of a scenario mean to its nodes?

use std::time::Duration;

use quidnunc_core::{Config, ConfigError, Detector, InfoSettings, ProbeOrder, Relay, StreamLimits, Targets};

use super::configuring;
use crate::scenario::{self, Profile, Protocol, RelayTargets};

/// The configuration of every node of a scenario.
///
/// # Errors
/// [`ConfigError`] when the settings contradict each other.
pub fn node_config(protocol: &Protocol, hash_seed: u64) -> Result<Config, ConfigError> {
    let base = match protocol.profile {
        Profile::Lan => Config::lan(),
        Profile::Wan => Config::wan(),
        Profile::Local => Config::local(),
        Profile::Heartbeat => Config::heartbeat(),
        Profile::ScuttlebuttLan => Config::scuttlebutt_lan(),
        Profile::ScuttlebuttWan => Config::scuttlebutt_wan(),
        Profile::PhiRing => Config::phi_ring(),
        Profile::Infos => Config::infos(),
        Profile::QuorumStore => Config::quorum_store(),
    };
    let duration = |set: Option<u64>, base| set.map_or(base, Duration::from_nanos);
    let order = match protocol.probe_order {
        None => base.probe_order,
        Some(scenario::ProbeOrder::RoundRobin) => ProbeOrder::RoundRobin,
        Some(scenario::ProbeOrder::Random) => ProbeOrder::Random,
    };
    let config = Config {
        cluster: Config::cluster_tag("quidnunc-sim"),
        detector: detector(protocol, base.detector),
        period: duration(protocol.period_ns, base.period),
        probe_timeout: duration(protocol.probe_timeout_ns, base.probe_timeout),
        indirect_probes: protocol.indirect_probes.unwrap_or(base.indirect_probes),
        probe_order: order,
        suspicion_mult: protocol.suspicion_mult.unwrap_or(base.suspicion_mult),
        suspicion_max_mult: protocol.suspicion_max_mult.unwrap_or(base.suspicion_max_mult),
        local_health_max: protocol.local_health_max.unwrap_or(base.local_health_max),
        gossip_interval: duration(protocol.gossip_interval_ns, base.gossip_interval),
        gossip_fanout: protocol.gossip_fanout.unwrap_or(base.gossip_fanout),
        retransmit_mult: protocol.retransmit_mult.unwrap_or(base.retransmit_mult),
        repair_interval: duration(protocol.repair_interval_ns, base.repair_interval),
        reconnect_interval: duration(protocol.reconnect_interval_ns, base.reconnect_interval),
        tombstone_life: duration(protocol.tombstone_life_ns, base.tombstone_life),
        state_grace: duration(protocol.state_grace_ns, base.state_grace),
        state_rate: protocol.state_rate.unwrap_or(base.state_rate),
        write_burst: protocol.write_burst.unwrap_or(base.write_burst),
        infos: base.infos.map(|infos| InfoSettings {
            interval: duration(protocol.info_interval_ns, infos.interval),
            infos_max: protocol.infos_max.unwrap_or(infos.infos_max),
            bytes_max: protocol.infos_bytes.map_or(infos.bytes_max, |bytes| bytes as usize),
            ..infos
        }),
        quorum: configuring::settings(protocol, base.quorum),
        streams: protocol.streams.then(StreamLimits::default),
        datagram_bytes_max: protocol.datagram_bytes.map_or(base.datagram_bytes_max, |bytes| bytes as usize),
        hash_seed,
        ..base
    };
    config.validate()?;
    Ok(config)
}

fn detector(protocol: &Protocol, base: Detector) -> Detector {
    let changed = |relay: Relay| Relay {
        interval: protocol.relay_interval_ns.map_or(relay.interval, Duration::from_nanos),
        fanout: protocol.relay_fanout.unwrap_or(relay.fanout),
        bytes_per_second: protocol.relay_rate.or(relay.bytes_per_second),
        targets: match protocol.relay_targets {
            None => relay.targets,
            Some(RelayTargets::Uniform) => Targets::Uniform,
            Some(RelayTargets::Subnets) => Targets::Subnets,
        },
    };
    match base {
        Detector::Swim => base,
        Detector::Phi { accrual, relay, cleanup } => Detector::Phi { accrual, relay: changed(relay), cleanup },
        Detector::Heartbeat { fails, relay } => Detector::Heartbeat { fails, relay: changed(relay) },
        Detector::Ring { accrual, successors, interval } => Detector::Ring {
            accrual,
            successors: protocol.ring_successors.unwrap_or(successors),
            interval: protocol.ring_interval_ns.map_or(interval, Duration::from_nanos),
        },
    }
}
