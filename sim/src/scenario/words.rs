//! Which word stands for which value, in the file, in reports and in results?

use core::fmt;

use super::{
    Across, Direction, Distribution, Edge, Injected, Metric, Op, ProbeOrder, Profile, RelayTargets, Scope, Stat, Stops,
    Unit,
};

/// A type whose every value has a fixed word.
pub(super) trait Word: Copy + 'static {
    /// Every value.
    const ALL: &'static [Self];

    /// The word for this value.
    fn word(self) -> &'static str;
}

/// Gives every value of an enum its word, once, for reading as well as for writing.
macro_rules! words {
    ($vis:vis $type:ty { $($value:ident = $word:literal,)+ }) => {
        impl $type {
            /// The word for this value in files, reports and results.
            #[must_use]
            $vis const fn name(self) -> &'static str {
                match self { $(Self::$value => $word,)+ }
            }
        }

        impl $crate::scenario::words::Word for $type {
            const ALL: &'static [Self] = &[$(Self::$value),+];

            fn word(self) -> &'static str {
                self.name()
            }
        }
    };
}
pub(super) use words;

words!(pub Profile {
    Lan = "lan",
    Wan = "wan",
    Local = "local",
    Heartbeat = "heartbeat",
    ScuttlebuttLan = "scuttlebutt-lan",
    ScuttlebuttWan = "scuttlebutt-wan",
    PhiRing = "phi-ring",
    Infos = "infos",
    QuorumStore = "quorum-store",
});

words!(pub ProbeOrder {
    RoundRobin = "round-robin",
    Random = "random",
});

words!(pub RelayTargets {
    Uniform = "uniform",
    Subnets = "subnets",
});

words!(pub Distribution {
    Constant = "constant",
    Uniform = "uniform",
    Normal = "normal",
    Exponential = "exponential",
});

words!(pub Direction {
    Both = "both",
    AToB = "a-to-b",
    BToA = "b-to-a",
});

words!(pub Stops {
    Process = "process",
    Network = "network",
});

words!(pub Injected {
    Noise = "noise",
    Foreign = "foreign",
    Replay = "replay",
});

words!(pub Metric {
    DetectionSuspect = "detection.suspect",
    DetectionDead = "detection.dead",
    DetectionObserver = "detection.observer",
    DetectionFull = "detection.full",
    FalsePositive = "false_positive",
    FalsePositiveNodes = "false_positive.nodes",
    FalsePositiveHealthy = "false_positive.healthy",
    Strangers = "strangers",
    Flaps = "flaps",
    Healings = "healings",
    Converged = "converged",
    Delivery = "delivery",
    DeliveryLast = "delivery.last",
    Staleness = "staleness",
    Agreed = "agreed",
    WritesRefused = "writes.refused",
    WritesSkipped = "writes.skipped",
    LinksAsked = "links.asked",
    LinksRefused = "links.refused",
    LinksRefusedPer1000 = "links.refused.per_1000",
    LinksLastAsked = "links.last_asked",
    LinksOutgoing = "links.outgoing",
    LinksIncoming = "links.incoming",
    LinksOverCap = "links.over_cap",
    LinksParts = "links.parts",
    LinksPartsEnd = "links.parts.end",
    LinksJoined = "links.joined",
    InfosConnected = "infos.connected",
    InfosDelivery = "infos.delivery",
    InfosHops = "infos.hops",
    InfosHopsLast = "infos.hops.last",
    InfosMaxHops = "infos.max_hops",
    InfosCopiesPer1000 = "infos.copies.per_1000",
    InfosOfTheGone = "infos.of_the_gone",
    InfosRefused = "infos.refused",
    Standing = "standing",
    Loss = "loss",
    WhoGoes = "who_goes",
    Health = "health",
    QuorumChanges = "quorum.changes",
    QuorumLost = "quorum.lost",
    QuorumGained = "quorum.gained",
    QuorumOverlap = "quorum.overlap",
    QuorumBothSides = "quorum.both_sides",
    QuorumRefused = "quorum.refused",
    Hops = "hops",
    HopsLast = "hops.last",
    BytesPerNode = "bytes_per_node",
    BytesPerNodeRepair = "bytes_per_node.repair",
    BytesPerNodeJoin = "bytes_per_node.join",
    BytesPerNodeGossip = "bytes_per_node.gossip",
    BytesPerNodeProbe = "bytes_per_node.probe",
    BytesPerNodeState = "bytes_per_node.state",
    BytesPerNodeInfo = "bytes_per_node.info",
    PacketsPerNode = "packets_per_node",
});

words!(pub Unit {
    Nanoseconds = "ns",
    Count = "count",
    Hops = "hops",
    BytesPerSecond = "bytes/s",
    PacketsPerSecond = "packets/s",
});

words!(pub Edge {
    Start = "start",
    End = "end",
});

words!(pub Scope {
    All = "all",
    SameSide = "same-side",
    HealthySubject = "healthy-subject",
});

words!(pub Stat {
    Count = "count",
    Min = "min",
    Mean = "mean",
    P50 = "p50",
    P90 = "p90",
    P99 = "p99",
    P999 = "p999",
    Max = "max",
});

words!(pub Op {
    Max = "max",
    Min = "min",
    Equals = "equals",
});

words!(pub Across {
    Each = "each",
    Pooled = "pooled",
});

impl Metric {
    /// Every metric, in the order of the contract.
    pub const ALL: &'static [Self] = <Self as Word>::ALL;

    /// The unit of this metric's samples. A number of samples is a plain count whatever this says.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::DetectionSuspect
            | Self::DetectionDead
            | Self::DetectionObserver
            | Self::DetectionFull
            | Self::Converged
            | Self::Delivery
            | Self::DeliveryLast
            | Self::Staleness
            | Self::Agreed
            | Self::LinksLastAsked
            | Self::LinksJoined
            | Self::InfosConnected
            | Self::InfosDelivery
            | Self::QuorumLost
            | Self::QuorumGained
            | Self::QuorumOverlap => Unit::Nanoseconds,
            Self::FalsePositive
            | Self::FalsePositiveNodes
            | Self::FalsePositiveHealthy
            | Self::Strangers
            | Self::WritesRefused
            | Self::WritesSkipped
            | Self::Flaps
            | Self::Healings
            | Self::LinksAsked
            | Self::LinksRefused
            | Self::LinksRefusedPer1000
            | Self::LinksOutgoing
            | Self::LinksIncoming
            | Self::LinksOverCap
            | Self::LinksParts
            | Self::LinksPartsEnd
            | Self::InfosCopiesPer1000
            | Self::InfosOfTheGone
            | Self::InfosRefused
            | Self::Standing
            | Self::Loss
            | Self::WhoGoes
            | Self::Health
            | Self::QuorumChanges
            | Self::QuorumBothSides
            | Self::QuorumRefused => Unit::Count,
            Self::Hops | Self::HopsLast | Self::InfosHops | Self::InfosHopsLast | Self::InfosMaxHops => Unit::Hops,
            Self::BytesPerNode
            | Self::BytesPerNodeRepair
            | Self::BytesPerNodeJoin
            | Self::BytesPerNodeGossip
            | Self::BytesPerNodeProbe
            | Self::BytesPerNodeState
            | Self::BytesPerNodeInfo => Unit::BytesPerSecond,
            Self::PacketsPerNode => Unit::PacketsPerSecond,
        }
    }

    /// Whether this metric is only counted: its one statistic is [`Stat::Count`].
    #[must_use]
    pub const fn is_counter(self) -> bool {
        self.has_sides()
            || self.is_looked_at()
            || matches!(
                self,
                Self::Strangers
                    | Self::WritesRefused
                    | Self::WritesSkipped
                    | Self::LinksOverCap
                    | Self::InfosOfTheGone
                    | Self::InfosRefused
                    | Self::QuorumBothSides
                    | Self::QuorumRefused
            )
    }

    /// Whether this metric is about two nodes between which a partition may stand.
    #[must_use]
    pub const fn has_sides(self) -> bool {
        matches!(self, Self::FalsePositive | Self::FalsePositiveNodes | Self::FalsePositiveHealthy)
    }

    /// Whether people see this metric only if an expectation names it, or if it counted what should not be;
    /// machines always do.
    #[must_use]
    pub const fn is_detail(self) -> bool {
        matches!(
            self,
            Self::Strangers
                | Self::BytesPerNodeRepair
                | Self::BytesPerNodeJoin
                | Self::BytesPerNodeGossip
                | Self::BytesPerNodeProbe
                | Self::BytesPerNodeState
                | Self::BytesPerNodeInfo
                | Self::WritesRefused
                | Self::WritesSkipped
                | Self::LinksOverCap
                | Self::InfosOfTheGone
                | Self::InfosRefused
                | Self::QuorumRefused
        ) || self.is_looked_at()
    }

    /// Whether this metric measures links, or the infos that go over them; it has no meaning where nodes have none.
    #[must_use]
    pub const fn is_of_infos(self) -> bool {
        matches!(
            self,
            Self::LinksAsked
                | Self::LinksRefused
                | Self::LinksRefusedPer1000
                | Self::LinksLastAsked
                | Self::LinksOutgoing
                | Self::LinksIncoming
                | Self::LinksOverCap
                | Self::LinksParts
                | Self::LinksPartsEnd
                | Self::LinksJoined
                | Self::InfosConnected
                | Self::InfosDelivery
                | Self::InfosHops
                | Self::InfosHopsLast
                | Self::InfosMaxHops
                | Self::InfosCopiesPer1000
                | Self::InfosOfTheGone
                | Self::InfosRefused
                | Self::BytesPerNodeInfo
        )
    }

    /// Whether this metric counts the nodes, or pairs of nodes, of which something is not so at one instant.
    #[must_use]
    pub const fn is_looked_at(self) -> bool {
        matches!(self, Self::Standing | Self::Loss | Self::WhoGoes | Self::Health)
    }

    /// Whether this metric is about two nodes at one instant: one that is asked, and one of which it is asked.
    #[must_use]
    pub const fn has_subjects(self) -> bool {
        matches!(self, Self::Loss | Self::WhoGoes | Self::Health)
    }

    /// Whether this metric is about the quorum; it has no meaning where nodes have none.
    #[must_use]
    pub const fn is_of_quorum(self) -> bool {
        matches!(
            self,
            Self::Standing
                | Self::Loss
                | Self::WhoGoes
                | Self::QuorumChanges
                | Self::QuorumLost
                | Self::QuorumGained
                | Self::QuorumOverlap
                | Self::QuorumBothSides
                | Self::QuorumRefused
        )
    }

    /// Whether this metric can be that of some nodes only.
    #[must_use]
    pub const fn has_nodes(self) -> bool {
        self.is_looked_at() || matches!(self, Self::QuorumChanges | Self::QuorumLost | Self::QuorumGained)
    }

    /// Whether this metric measures how writes reach everybody; it has no meaning where nothing is written.
    #[must_use]
    pub const fn is_of_state(self) -> bool {
        matches!(
            self,
            Self::Delivery
                | Self::DeliveryLast
                | Self::Staleness
                | Self::Agreed
                | Self::WritesRefused
                | Self::WritesSkipped
        )
    }

    /// Whether this metric is an instant at which something comes to rest, counted from another one.
    #[must_use]
    pub const fn settles(self) -> bool {
        matches!(self, Self::Converged | Self::Agreed | Self::LinksJoined | Self::InfosConnected)
    }

    /// Whether an expectation may count this metric from an instant.
    #[must_use]
    pub const fn has_anchor(self) -> bool {
        self.settles() || matches!(self, Self::LinksLastAsked | Self::QuorumLost | Self::QuorumGained)
    }

    /// Whether this metric measures how crashes are found out.
    #[must_use]
    pub const fn is_detection(self) -> bool {
        matches!(self, Self::DetectionSuspect | Self::DetectionDead | Self::DetectionObserver | Self::DetectionFull)
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
