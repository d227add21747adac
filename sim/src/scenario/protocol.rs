//! What do the nodes run?

use super::QuorumKeys;

/// What the nodes run: a profile and the values that differ from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protocol {
    /// The profile that the other keys change.
    pub profile: Profile,
    /// Probe period in nanoseconds.
    pub period_ns: Option<u64>,
    /// How long a direct probe waits for its answer, in nanoseconds.
    pub probe_timeout_ns: Option<u64>,
    /// How many helpers are asked when a direct probe stays unanswered.
    pub indirect_probes: Option<u32>,
    /// How the next probe target is found.
    pub probe_order: Option<ProbeOrder>,
    /// A suspicion lasts at least `suspicion_mult * max(1, log10 n) * period`.
    pub suspicion_mult: Option<u32>,
    /// A suspicion that nobody confirms lasts so many times as long.
    pub suspicion_max_mult: Option<u32>,
    /// The worst score that a node gives its own health; with 0 it gives none.
    pub local_health_max: Option<u32>,
    /// Time between two gossip ticks, in nanoseconds.
    pub gossip_interval_ns: Option<u64>,
    /// How many members a gossip tick tells.
    pub gossip_fanout: Option<u32>,
    /// A rumour is told `retransmit_mult * ceil(log10(n + 1))` times; with 0 no rumour is told.
    pub retransmit_mult: Option<u32>,
    /// Least time between two repairs that a node starts, in nanoseconds.
    pub repair_interval_ns: Option<u64>,
    /// Each dead member is tried again about once per interval, in nanoseconds.
    pub reconnect_interval_ns: Option<u64>,
    /// For how long a member that has gone is remembered, in nanoseconds.
    pub tombstone_life_ns: Option<u64>,
    /// For how long an owner remembers a key that it deleted, in nanoseconds.
    pub state_grace_ns: Option<u64>,
    /// How many bytes of changes of maps a node sends per second.
    pub state_rate: Option<u32>,
    /// How many bytes may be put at once.
    pub write_burst: Option<u32>,
    /// Time between two heartbeats, in nanoseconds.
    pub relay_interval_ns: Option<u64>,
    /// How many members are told everybody's heartbeat per interval.
    pub relay_fanout: Option<u32>,
    /// How many bytes of heartbeats a node sends per second; with many members the interval gets longer.
    pub relay_rate: Option<u32>,
    /// To which members heartbeats are told.
    pub relay_targets: Option<RelayTargets>,
    /// Time between two contacts of a member that is watched, in nanoseconds.
    pub ring_interval_ns: Option<u64>,
    /// How many members each node watches.
    pub ring_successors: Option<u32>,
    /// The unit in which everything about links and infos is measured, in nanoseconds.
    pub info_interval_ns: Option<u64>,
    /// The most infos that a node keeps.
    pub infos_max: Option<u32>,
    /// The most bytes that they weigh.
    pub infos_bytes: Option<u32>,
    /// What is set of the quorum; `None` if nodes have none.
    pub quorum: Option<QuorumKeys>,
    /// Whether nodes may open streams to each other.
    pub streams: bool,
    /// Datagram budget in bytes.
    pub datagram_bytes: Option<u32>,
    /// Where `[protocol]` stands in the file, for errors that only the protocol itself can find.
    pub span: core::ops::Range<usize>,
}

/// A ready-made protocol configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Profile {
    /// Nodes in one data centre (`"lan"`).
    #[default]
    Lan,
    /// Nodes in several data centres (`"wan"`).
    Wan,
    /// Nodes on one machine (`"local"`).
    Local,
    /// Relayed heartbeats with one failure time for all (`"heartbeat"`).
    Heartbeat,
    /// Relayed heartbeats with phi accrual, in one data centre (`"scuttlebutt-lan"`).
    ScuttlebuttLan,
    /// The same in several data centres (`"scuttlebutt-wan"`).
    ScuttlebuttWan,
    /// Contacts of the next members in a ring with phi accrual, in one data centre (`"phi-ring"`).
    PhiRing,
    /// Nodes in one data centre that tell infos over links (`"infos"`).
    Infos,
    /// What openstorage `gossip` does, in its own timing (`"quorum-store"`).
    QuorumStore,
}

impl Profile {
    /// Whether nodes pass everybody's heartbeat on.
    #[must_use]
    pub const fn relays(self) -> bool {
        matches!(self, Self::Heartbeat | Self::ScuttlebuttLan | Self::ScuttlebuttWan)
    }
}

/// How a prober finds its next target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeOrder {
    /// Every member once per round, in an order that changes every round (`"round-robin"`).
    RoundRobin,
    /// A uniformly random member each time (`"random"`).
    Random,
}

/// To which members heartbeats are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayTargets {
    /// To any (`"uniform"`).
    Uniform,
    /// Mostly to those of the own domain (`"subnets"`).
    Subnets,
}
