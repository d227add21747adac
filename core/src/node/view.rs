//! What a node knows, to be read and not to be changed.

use crate::vocab::{Health, Incarnation, NodeId, Record};

use super::Node;
use super::io::Stats;

/// A member as this node sees it.
pub type MemberView = Record;

/// A read-only window on a node.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    node: &'a Node,
}

impl<'a> View<'a> {
    pub(super) const fn new(node: &'a Node) -> Self {
        Self { node }
    }

    /// The node's own identity.
    #[must_use]
    pub const fn id(self) -> NodeId {
        self.node.id
    }

    /// The node's own incarnation, as others know it or soon will.
    #[must_use]
    pub const fn incarnation(self) -> Incarnation {
        self.node.incarnation
    }

    /// What is believed of one member; `None` when nobody ever spoke of it, or it is forgotten.
    #[must_use]
    pub fn member(self, id: NodeId) -> Option<MemberView> {
        let membership = &self.node.membership;
        membership.find(id).map(|slot| membership.record_at(slot, self.node.clock.latest()))
    }

    /// Every member that was heard of and is not forgotten, this node first; ages are as of the latest input.
    pub fn members(self) -> impl Iterator<Item = MemberView> + use<'a> {
        let (membership, now) = (&self.node.membership, self.node.clock.latest());
        membership.slots().map(move |slot| membership.record_at(slot, now))
    }

    /// How many members are alive or suspected, this node included.
    #[must_use]
    pub const fn live(self) -> u32 {
        self.node.membership.live()
    }

    /// What is believed of one member's health.
    #[must_use]
    pub fn health(self, id: NodeId) -> Option<Health> {
        self.member(id).map(|member| member.health)
    }

    /// Whether the node has said goodbye, and the goodbye was told.
    #[must_use]
    pub fn has_left(self) -> bool {
        self.node.leaving == super::Leaving::HasLeft
    }

    /// The sum that two nodes share exactly when they know the same live members.
    #[must_use]
    pub const fn fingerprint(self) -> u64 {
        self.node.membership.fingerprint()
    }

    /// Counters since the node's start.
    #[must_use]
    pub const fn stats(self) -> &'a Stats {
        &self.node.stats
    }
}
