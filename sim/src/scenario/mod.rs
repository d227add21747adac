//! What shall happen, and what must hold: a scenario file as plain, checked data.
//!
//! Every quantity is an integer here: durations are nanoseconds, shares are 64-bit thresholds, sizes are
//! bytes. A value of these types has passed every check that needs nothing but the file, so the rest of
//! the simulator never reports a mistake of the author's; it only runs.

mod extent;
mod faults;
mod infos;
mod metrics;
mod protocol;
mod quorum;
mod read;
mod start;
mod words;
mod writes;

pub(crate) use extent::last_start_ns;
pub use faults::{
    Count, Damage, Direction, Fault, FaultKind, Injected, NET_CORRUPT, NET_TRUNCATE, Repeats, Selector, Shape, Stops,
};
pub use infos::{Info, Issuers};
pub use protocol::{ProbeOrder, Profile, Protocol, RelayTargets};
pub use quidnunc_terminal::{Diagnostic, render_at};
pub use quorum::{
    Active, Ballot, Configure, Electorate, GoesIs, HealthIs, Is, Look, LossIs, QuorumKeys, QuorumLooks, QuorumProvider,
    StandingIs, SuspectDownKeys,
};
pub use read::{parse, value_span};
pub use start::StartAs;
pub use writes::{When, Write, Written};

/// One scenario: what the file says, in engine units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Short name, as in reports.
    pub name: String,
    /// The claim that the file proves, in words.
    pub about: String,
    /// How long, and with which seeds.
    pub run: Run,
    /// What the nodes run.
    pub protocol: Protocol,
    /// How many nodes there are and how they find each other.
    pub nodes: Nodes,
    /// The network while nothing is wrong with it.
    pub net: Net,
    /// What goes wrong, in file order; the network's own noise behind it.
    pub faults: Vec<Fault>,
    /// What nodes write, in file order.
    pub writes: Vec<Write>,
    /// What nodes tell everybody, in file order.
    pub infos: Vec<Info>,
    /// What the administrator tells nodes of the quorum, in the order of time.
    pub configures: Vec<Configure>,
    /// What must hold, in file order.
    pub expects: Vec<Expect>,
}

/// How long a run lasts and which seeds belong to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Length of the run in nanoseconds, warm-up included.
    pub duration_ns: u64,
    /// Length of the lossless, unmeasured beginning in nanoseconds.
    pub warmup_ns: u64,
    /// First seed of the file's own range.
    pub seed_base: u64,
    /// How many seeds the file's own range has.
    pub seed_count: u64,
    /// Whether everybody must agree at [`Scenario::steady_at_ns`]: a run in which they do not says nothing.
    pub steady: bool,
}

/// The nodes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nodes {
    /// How many nodes there are.
    pub count: u32,
    /// How many earlier nodes each node is given as seeds.
    pub contacts: u32,
    /// Node `i` starts at `i * stagger_ns`.
    pub stagger_ns: u64,
    /// How they know each other at their first start.
    pub start: StartAs,
    /// In how many domains they are, neighbours together; 0 for none.
    pub domains: u32,
    /// How many clusters they form, each with a tag of its own: node `i` is of cluster `i % clusters`.
    pub clusters: u32,
}

/// The network while nothing is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    /// One-way delay.
    pub delay: Delay,
    /// Share of packets that vanish.
    pub loss: Share,
    /// Share of packets that arrive twice.
    pub duplicate: Share,
    /// Share of packets that are held back, so that later ones overtake them.
    pub reorder: Share,
    /// How long such a packet is held back in addition, in nanoseconds.
    pub reorder_by_ns: u64,
}

/// A distribution of one-way delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay {
    /// Mean (constant, normal, exponential) or middle (uniform), in nanoseconds.
    pub time_ns: u64,
    /// Standard deviation (normal), half width (uniform), mean excess over `time_ns` (exponential), or
    /// nothing (constant), in nanoseconds.
    pub jitter_ns: u64,
    /// No packet is faster than this, in nanoseconds.
    pub floor_ns: u64,
    /// The shape.
    pub distribution: Distribution,
}

/// The shape of a delay distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Always `time` (`"constant"`).
    Constant,
    /// Anywhere in `time ± jitter` (`"uniform"`).
    Uniform,
    /// Bell shape with mean `time` and deviation `jitter` (`"normal"`).
    Normal,
    /// `time` plus an exponential excess with mean `jitter` (`"exponential"`).
    Exponential,
}

/// A probability as a threshold for a uniform 64-bit draw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(pub u64);

impl Share {
    /// Never.
    pub const NEVER: Self = Self(0);
    /// Always.
    pub const ALWAYS: Self = Self(u64::MAX);

    /// Whether a uniform 64-bit draw falls into this share.
    #[must_use]
    pub const fn hits(self, draw: u64) -> bool {
        draw < self.0 || self.0 == u64::MAX
    }
}

/// Something that must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expect {
    /// Name in reports; `metric.stat#n` when the file gives none, n counting from 1 in file order.
    pub id: String,
    /// What is measured.
    pub metric: Metric,
    /// Restricts the samples to those of this fault, by index in [`Scenario::faults`].
    pub fault: Option<usize>,
    /// Measures from the start or end of a fault instead of from the first node's start.
    pub after: Option<Anchor>,
    /// Restricts false positives to observer and subject that a partition leaves together.
    pub scope: Scope,
    /// Of which nodes; nobody named is everybody.
    pub nodes: Vec<Selector>,
    /// What is looked at, if one instant matters.
    pub look: Option<Look>,
    /// Which number of the samples.
    pub stat: Stat,
    /// How the number is held against the bound.
    pub op: Op,
    /// The bound, in units of the metric.
    pub bound: u64,
    /// Whether every seed must hold it, or all seeds pooled.
    pub across: Across,
}

/// What can be measured. Exact meanings are in the contract that the README links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// `detection.suspect`: crash to the first Suspect or Dead held by anyone, in ns.
    DetectionSuspect,
    /// `detection.dead`: crash to the first Dead held by anyone, in ns.
    DetectionDead,
    /// `detection.observer`: crash to each observer's Dead, in ns.
    DetectionObserver,
    /// `detection.full`: crash to the last observer's Dead, in ns.
    DetectionFull,
    /// `false_positive`: changes to Dead about a subject that runs and is reachable.
    FalsePositive,
    /// `false_positive.nodes`: distinct subjects of those.
    FalsePositiveNodes,
    /// `false_positive.healthy`: those in which neither side ever had a fault on it.
    FalsePositiveHealthy,
    /// `strangers`: reports about a member that no node of the run ever was.
    Strangers,
    /// `flaps`: how often an observer changed between alive and dead about a subject; pairs that ever did.
    Flaps,
    /// `healings`: how many members came back, per report of a node that a partition has healed.
    Healings,
    /// `converged`: until every running node's set of live members is the set of running nodes, in ns.
    Converged,
    /// `delivery`: from a write to the instant at which an observer shows it, in ns.
    Delivery,
    /// `delivery.last`: from a write to the instant at which its last observer shows it, in ns.
    DeliveryLast,
    /// `staleness`: the age of the oldest write that some observer lacks, once per second, in ns.
    Staleness,
    /// `agreed`: until every running node shows every running owner's keys as their owner does, in ns.
    Agreed,
    /// `writes.refused`: writes that the protocol refused.
    WritesRefused,
    /// `writes.skipped`: writes of nodes that did not run, or stood still.
    WritesSkipped,
    /// `links.asked`: requests for links that each node made in its life.
    LinksAsked,
    /// `links.refused`: how many were refused to each node before the first fault.
    LinksRefused,
    /// `links.refused.per_1000`: the same over all nodes, per thousand of them.
    LinksRefusedPer1000,
    /// `links.last_asked`: when anybody asked for a link for the last time before the next fault, in ns.
    LinksLastAsked,
    /// `links.outgoing`: the most links that each node ever had of those that it had asked for.
    LinksOutgoing,
    /// `links.incoming`: the most links that each node ever had of those that others had asked for.
    LinksIncoming,
    /// `links.over_cap`: instants at which a node had more links than allowed.
    LinksOverCap,
    /// `links.parts`: into how many parts the running nodes fall by their links when others crash.
    LinksParts,
    /// `links.parts.end`: into how many they fall at the end.
    LinksPartsEnd,
    /// `links.joined`: until the links join all running nodes, in ns.
    LinksJoined,
    /// `infos.connected`: until everybody knows an info of everybody, in ns.
    InfosConnected,
    /// `infos.delivery`: from the issue of an info to the instant at which a node has it, in ns.
    InfosDelivery,
    /// `infos.hops`: over how many links an info came to each node.
    InfosHops,
    /// `infos.hops.last`: over how many it came to the node that it reached over the most, at rest.
    InfosHopsLast,
    /// `infos.max_hops`: over how many links the infos that a node has at rest have come at most.
    InfosMaxHops,
    /// `infos.copies.per_1000`: how many infos came to each node at rest, per thousand that were news to it.
    InfosCopiesPer1000,
    /// `infos.of_the_gone`: infos at the end that nodes have of nodes that do not run.
    InfosOfTheGone,
    /// `infos.refused`: infos that the protocol refused to issue.
    InfosRefused,
    /// `standing`: nodes that have another standing at an instant.
    Standing,
    /// `loss`: pairs of a node and one of whose loss it is not as sure at an instant.
    Loss,
    /// `who_goes`: pairs of a node and another one of which it says otherwise who goes.
    WhoGoes,
    /// `health`: pairs of a node and one of which it believes something else at an instant.
    Health,
    /// `quorum.changes`: how often the standing of each node changed.
    QuorumChanges,
    /// `quorum.lost`: until a node that was in quorum is so no more, in ns.
    QuorumLost,
    /// `quorum.gained`: until a node that was not in quorum is so, in ns.
    QuorumGained,
    /// `quorum.overlap`: for how long after a cut nodes on two sides of it were in quorum at once, in ns.
    QuorumOverlap,
    /// `quorum.both_sides`: cuts of which that lasted longer than a lease and what may be late.
    QuorumBothSides,
    /// `quorum.refused`: configurations that a node refused.
    QuorumRefused,
    /// `hops`: how many hops a fact took to each node.
    Hops,
    /// `hops.last`: how many hops a fact took to the node that it reached over the most.
    HopsLast,
    /// `bytes_per_node`: UDP payload sent per node and second.
    BytesPerNode,
    /// `bytes_per_node.repair`: those of repairs.
    BytesPerNodeRepair,
    /// `bytes_per_node.join`: those of joining.
    BytesPerNodeJoin,
    /// `bytes_per_node.gossip`: those of packets that carry nothing but rumours.
    BytesPerNodeGossip,
    /// `bytes_per_node.probe`: those of pings, of their answers, and of both over helpers; with whatever rumours
    /// they carry.
    BytesPerNodeProbe,
    /// `bytes_per_node.state`: those of packets that carry changes of maps, or ask for them.
    BytesPerNodeState,
    /// `bytes_per_node.info`: those of packets about links, and of those that go over them.
    BytesPerNodeInfo,
    /// `packets_per_node`: datagrams sent per node and second.
    PacketsPerNode,
}

/// The unit in which a metric is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds (`"ns"`).
    Nanoseconds,
    /// A plain count (`"count"`).
    Count,
    /// Hops (`"hops"`).
    Hops,
    /// Bytes per second (`"bytes/s"`).
    BytesPerSecond,
    /// Packets per second (`"packets/s"`).
    PacketsPerSecond,
}

/// Which side of a fault's life an expectation counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The fault, by index in [`Scenario::faults`].
    pub fault: usize,
    /// Its start (`"split.start"`) or its end (`"split.end"`).
    pub edge: Edge,
}

/// The start or the end of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The instant at which it begins.
    Start,
    /// The instant at which it ends.
    End,
}

/// Which false positives count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    All,
    /// Those between two nodes that every active partition lets talk both ways (`where = "same-side"`).
    SameSide,
    /// Those about a node that never had a fault on it (`where = "healthy-subject"`).
    HealthySubject,
}

/// Which number of a set of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stat {
    /// How many samples there are.
    Count,
    /// The smallest.
    Min,
    /// The mean, rounded down.
    Mean,
    /// The median, nearest rank.
    P50,
    /// The 90th percentile, nearest rank.
    P90,
    /// The 99th percentile, nearest rank.
    P99,
    /// The 99.9th percentile, nearest rank.
    P999,
    /// The largest.
    Max,
}

/// How a value is held against a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// The value may be at most the bound (`max = …`).
    Max,
    /// The value must be at least the bound (`min = …`).
    Min,
    /// The value must be the bound (`equals = …`).
    Equals,
}

/// Over which runs an expectation is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Across {
    /// Every seed by itself (`"each"`).
    #[default]
    Each,
    /// All seeds' samples together (`"pooled"`).
    Pooled,
}
