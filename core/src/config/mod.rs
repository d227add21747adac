//! What can be set, what the profiles set, and what cannot work.

mod detector;
mod error;
mod infos;
mod networks;
mod quorum;
mod streams;

use core::num::NonZeroU16;
use core::time::Duration;

pub(crate) use detector::HEARTBEAT_BYTES;
pub use detector::{Detector, FailureRule, Relay, Targets};
pub use error::ConfigError;
use infos::INFO_DATAGRAM_BYTES_MIN;
pub use infos::{Compat2014, InfoSettings};
pub use networks::{NETWORKS_MAX, Network, NetworkError, Networks};
pub use streams::{LETTER_BYTES_MAX, StreamLimits};

use serde::{Deserialize, Serialize};

use crate::detector::phi;
use crate::detector::suspicion::Length;
use crate::quorum::Settings as QuorumSettings;
use crate::vocab::stable_hash;
use crate::wire::{DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MIN};

/// How a prober finds its next target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProbeOrder {
    /// Every member once per round, in an order that changes every round: two probes of one member are at
    /// most `2n - 1` periods apart (SWIM 2002, section 4.3).
    RoundRobin,
    /// A uniformly random member each time (SWIM 2002, section 3).
    Random,
}

/// Everything that can be set. A profile is only a value of this type; there are no second code paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// Datagrams of another cluster are refused. See [`Config::cluster_tag`].
    pub cluster: u32,
    /// The networks of members. From elsewhere no datagram and no stream is taken, nobody who listens elsewhere becomes a
    /// member, whoever tells of it, and nothing is sent there. It is no defence against forged addresses.
    ///
    /// All nodes should have the same list. Where one differs, a node does without the members that it does not allow,
    /// goes on with those that it does, and asks for what it lacks about once per eight times
    /// [`repair_interval`](Self::repair_interval).
    pub allowed: Networks,
    /// How members are found to have failed. The settings of probes matter to [`Detector::Swim`] only (with
    /// [`Detector::Ring`], how long a last answer is waited for, and how many helpers are asked); those of suspicions to
    /// all, since a death by hearsay leaves time to contradict.
    pub detector: Detector,
    /// One member is probed per period.
    pub period: Duration,
    /// How long the answer to a direct probe is waited for; below `period`.
    pub probe_timeout: Duration,
    /// How many helpers are asked when a direct probe stays unanswered.
    pub indirect_probes: u32,
    /// How the next target is found.
    pub probe_order: ProbeOrder,
    /// A suspicion lasts at least `suspicion_mult * max(1, log10 n) * period`.
    pub suspicion_mult: u32,
    /// A suspicion that nobody confirms lasts this many times as long. It gets shorter with every other member that
    /// finds the same silence, and is shortest when `suspicion_mult - 2` (at most 4) did. With 1 it has one length.
    pub suspicion_max_mult: u32,
    /// The worst score that a node gives its own health. With a score of s its probes take `s + 1` times as long;
    /// with 0 they never do.
    pub local_health_max: u32,
    /// Time between two gossip ticks while rumours wait.
    pub gossip_interval: Duration,
    /// How many members one gossip tick tells.
    pub gossip_fanout: u32,
    /// A rumour is told at most `retransmit_mult * ceil(log10(n + 1))` times. With 0 no rumour is told at all,
    /// and repair alone makes the nodes agree, later.
    pub retransmit_mult: u32,
    /// Least time between two repairs that this node starts; doubles up to eightfold while they find nothing.
    pub repair_interval: Duration,
    /// Time between the first two requests to let this node in; grows by half up to 30 s.
    pub join_interval: Duration,
    /// A dead member is tried again about once per interval, by all live members together, for ever. So is a
    /// seed that is no member, and a forgotten member whose address is in the book of some node.
    pub reconnect_interval: Duration,
    /// For how long a member that died or left is remembered: until then nobody believes an old statement that
    /// it lives. At least twice as long as the longest suspicion, so that every rumour has ended.
    pub tombstone_life: Duration,
    /// For how long a deleted key is remembered by its owner. Who hears nothing for longer gets the whole map anew.
    pub state_grace: Duration,
    /// For how long a node that leaves waits until others have confirmed that they know.
    pub leave_timeout: Duration,
    /// The most that the map of one node may hold, in bytes of keys and values and 40 per key.
    pub map_bytes_max: usize,
    /// The longest value that this node puts, in bytes. What does not fit into a datagram travels in parts.
    pub value_bytes_max: usize,
    /// The most that this node sends of changes of maps, in bytes per second; what is more waits. It writes no faster
    /// either, and slower while it cannot keep up with sending.
    pub state_rate: u32,
    /// So many bytes of keys and values may be put at once; then
    /// [`Rejected::Backpressure`](crate::Rejected::Backpressure) says when there is room for more.
    pub write_burst: u32,
    /// What streams may cost; `None` when the driver offers none. With streams, a member that does not answer a ping in
    /// time is also pinged over one.
    pub streams: Option<StreamLimits>,
    /// Whether and how the node takes part in cluster-wide infos.
    pub infos: Option<InfoSettings>,
    /// How the node tells whether it may act ([`View::standing`](crate::View::standing)); `None` if nobody asks.
    pub quorum: Option<QuorumSettings>,
    /// Largest datagram that is sent, in bytes of UDP payload.
    pub datagram_bytes_max: usize,
    /// The most members that are remembered, those that have gone included. When there are as many, a newcomer
    /// takes the place of whoever would be forgotten next; when all of them live, it asks in vain to be let in until one
    /// has gone. All nodes should have the same number.
    pub members_max: u32,
    /// The most events that wait for [`poll_event`](crate::Node::poll_event).
    pub events_max: usize,
    /// The most packets that wait for [`poll_transmit`](crate::Node::poll_transmit).
    pub intents_max: usize,
    /// Seed of the hash maps inside. It changes no byte and no event; a test may vary it to prove that.
    pub hash_seed: u64,
}

/// The shortest duration that a timer may have.
const DURATION_MIN: Duration = Duration::from_millis(1);

/// The longest: one day, so that no sum or product of settings comes near the end of time.
const DURATION_MAX: Duration = Duration::from_secs(86_400);

/// How many intervals go-scuttlebutt remembers per member.
const SCUTTLEBUTT_SAMPLES: NonZeroU16 = NonZeroU16::new(1000).expect("more than none");

impl Config {
    /// Nodes in one data centre: the values of memberlist's LAN column.
    #[must_use]
    pub const fn lan() -> Self {
        Self {
            cluster: 0,
            allowed: Networks::ANY,
            detector: Detector::Swim,
            period: Duration::from_secs(1),
            probe_timeout: Duration::from_millis(500),
            indirect_probes: 3,
            probe_order: ProbeOrder::RoundRobin,
            suspicion_mult: 4,
            suspicion_max_mult: 6,
            local_health_max: 8,
            gossip_interval: Duration::from_millis(200),
            gossip_fanout: 3,
            retransmit_mult: 4,
            repair_interval: Duration::from_millis(500),
            join_interval: Duration::from_secs(1),
            reconnect_interval: Duration::from_secs(10),
            tombstone_life: Duration::from_secs(3600),
            state_grace: Duration::from_secs(3600),
            leave_timeout: Duration::from_secs(5),
            map_bytes_max: 64 << 20,
            value_bytes_max: 1 << 20,
            state_rate: 8 << 20,
            write_burst: 16 << 20,
            streams: None,
            infos: None,
            quorum: None,
            datagram_bytes_max: 1232,
            members_max: 65_536,
            events_max: 4096,
            intents_max: 1024,
            hash_seed: 0,
        }
    }

    /// Nodes in several data centres: memberlist's WAN column.
    #[must_use]
    pub const fn wan() -> Self {
        Self {
            period: Duration::from_secs(5),
            probe_timeout: Duration::from_secs(3),
            suspicion_mult: 6,
            gossip_interval: Duration::from_millis(500),
            gossip_fanout: 4,
            repair_interval: Duration::from_secs(2),
            state_rate: 1 << 20,
            join_interval: Duration::from_secs(3),
            reconnect_interval: Duration::from_secs(30),
            ..Self::lan()
        }
    }

    /// Nodes on one machine: memberlist's Local column.
    #[must_use]
    pub const fn local() -> Self {
        Self {
            probe_timeout: Duration::from_millis(200),
            indirect_probes: 1,
            suspicion_mult: 3,
            gossip_interval: Duration::from_millis(100),
            retransmit_mult: 2,
            repair_interval: Duration::from_millis(250),
            ..Self::lan()
        }
    }

    /// What the Go package `gossip` of 2014 does: heartbeats, each told on with all others to one member per second; three
    /// propagations without a new one are a failure.
    #[must_use]
    pub const fn heartbeat() -> Self {
        let relay =
            Relay { interval: Duration::from_secs(1), fanout: 1, bytes_per_second: None, targets: Targets::Uniform };
        Self { detector: Detector::Heartbeat { fails: FailureRule::Propagations(3), relay }, ..Self::lan() }
    }

    /// What go-scuttlebutt does in one data centre: three members are told everything once per second, and a silence
    /// counts from phi 8 on; whoever was unavailable for an hour is dead.
    #[must_use]
    pub const fn scuttlebutt_lan() -> Self {
        Self::scuttlebutt(phi::Settings::lan(), Duration::from_secs(1), 3)
    }

    /// The same in several data centres: four members once per three seconds, phi 12, and a pause of 10 s that counts
    /// for nothing.
    #[must_use]
    pub const fn scuttlebutt_wan() -> Self {
        let accrual = phi::Settings { threshold: 12.0, pause: Duration::from_secs(10), ..phi::Settings::lan() };
        Self::scuttlebutt(accrual, Duration::from_secs(3), 4)
    }

    /// What the early Cockroach gossip of 2014 does, by the rules that settle: infos for everybody over few links.
    #[must_use]
    pub const fn infos() -> Self {
        Self { infos: Some(InfoSettings::STANDARD), ..Self::lan() }
    }

    const fn scuttlebutt(accrual: phi::Settings, interval: Duration, fanout: u32) -> Self {
        let accrual = phi::Settings { samples_max: SCUTTLEBUTT_SAMPLES, ..accrual };
        let relay = Relay { interval, fanout, bytes_per_second: None, targets: Targets::Uniform };
        Self {
            detector: Detector::Phi { accrual, relay, cleanup: Duration::from_secs(3600) },
            gossip_interval: interval,
            gossip_fanout: fanout,
            ..Self::lan()
        }
    }

    /// Nodes in one data centre that watch ten successors each: phi 8, of which a second of every silence is accepted
    /// before it counts. Without loss a silence of three seconds is suspicious.
    #[must_use]
    pub const fn phi_ring() -> Self {
        let accrual = phi::Settings { pause: Duration::from_secs(1), ..phi::Settings::lan() };
        Self { detector: Detector::Ring { accrual, successors: 10, interval: Duration::from_secs(1) }, ..Self::lan() }
    }

    /// The tag that keeps a cluster of this name apart from others. It is no secret and no defence.
    #[must_use]
    pub fn cluster_tag(name: &str) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "the short form is wanted")]
        let tag = stable_hash(2, name.as_bytes()) as u32;
        tag
    }

    /// Checks every relation between the settings.
    ///
    /// # Errors
    /// The first [`ConfigError`] in the order of the fields.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let durations = [
            ("period", self.period),
            ("probe_timeout", self.probe_timeout),
            ("gossip_interval", self.gossip_interval),
            ("repair_interval", self.repair_interval),
            ("join_interval", self.join_interval),
            ("reconnect_interval", self.reconnect_interval),
            ("tombstone_life", self.tombstone_life),
            ("state_grace", self.state_grace),
            ("leave_timeout", self.leave_timeout),
        ];
        for (name, value) in durations {
            duration(name, value)?;
        }
        self.detector.validate(self.probe_timeout.saturating_mul(self.local_health_max.saturating_add(1)))?;
        self.infos.as_ref().map_or(Ok(()), InfoSettings::validate)?;
        if self.probe_timeout >= self.period {
            return Err(ConfigError::ProbeTimeout { timeout: self.probe_timeout, period: self.period });
        }
        let least = if self.infos.is_some() { INFO_DATAGRAM_BYTES_MIN } else { DATAGRAM_BYTES_MIN };
        let most = DATAGRAM_BYTES_MAX;
        if !(least..=most).contains(&self.datagram_bytes_max) {
            return Err(ConfigError::DatagramBytes { bytes: self.datagram_bytes_max, least, most });
        }
        let counts = [
            ("indirect_probes", u64::from(self.indirect_probes), 0, u64::from(crate::membership::CHOICE_MAX)),
            ("suspicion_mult", u64::from(self.suspicion_mult), 1, 1000),
            ("suspicion_max_mult", u64::from(self.suspicion_max_mult), 1, 100),
            ("local_health_max", u64::from(self.local_health_max), 0, 100),
            ("gossip_fanout", u64::from(self.gossip_fanout), 1, u64::from(crate::membership::CHOICE_MAX)),
            ("retransmit_mult", u64::from(self.retransmit_mult), 0, 10),
            ("members_max", u64::from(self.members_max), 2, u64::from(crate::membership::MEMBERS_MAX)),
            ("map_bytes_max", self.map_bytes_max as u64, 1 << 10, 1 << 30),
            ("state_rate", u64::from(self.state_rate), 1 << 10, 1 << 30),
            ("write_burst", u64::from(self.write_burst), 1, 1 << 30),
            ("value_bytes_max", self.value_bytes_max as u64, 1, 1 << 24),
            ("events_max", self.events_max as u64, 1, 1 << 20),
            ("intents_max", self.intents_max as u64, 16, 1 << 20),
        ];
        for (name, value, least, most) in counts {
            count(name, value, least, most)?;
        }
        if let Some(streams) = &self.streams {
            streams.validate(self.datagram_bytes_max)?;
        }
        self.validate_quorum()?;
        let mults = (self.suspicion_mult, self.suspicion_max_mult);
        let least = Length::new(mults, self.members_max, self.period).max.saturating_mul(2);
        if self.tombstone_life < least {
            return Err(ConfigError::TombstoneLife { life: self.tombstone_life, least });
        }
        Ok(())
    }
}

fn duration(name: &'static str, value: Duration) -> Result<(), ConfigError> {
    let (least, most) = (DURATION_MIN, DURATION_MAX);
    if (least..=most).contains(&value) { Ok(()) } else { Err(ConfigError::Duration { name, value, least, most }) }
}

fn count(name: &'static str, value: u64, least: u64, most: u64) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) { Ok(()) } else { Err(ConfigError::Count { name, value, least, most }) }
}

impl Default for Config {
    fn default() -> Self {
        Self::lan()
    }
}
