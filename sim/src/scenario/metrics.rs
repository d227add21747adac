//! What kind of number is a metric, what is it about, and where does it mean anything?

use super::words::Word;
use super::{Metric, Unit};

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

    /// Whether this metric is only counted: its one statistic is the count.
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
