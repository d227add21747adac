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
