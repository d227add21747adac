//! What a node knows, to be read and not to be changed.

use core::net::SocketAddr;
use core::time::Duration;

use crate::detector::phi as accrual;
use crate::vocab::{Content, Head, Health, Incarnation, Instant, Item, NodeId, Record, Slot};

use super::Node;
use super::evidence::Why;
use super::io::{MapVersion, ValueView};
use super::stats::Stats;

/// A member as this node sees it.
pub type MemberView = Record;

/// Why a member is under suspicion, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuspicionView {
    /// How many members accuse by themselves, as far as this node knows and counts them.
    pub accusers: u32,
    /// The first of them; `None` when nobody is known who does.
    pub first_accuser: Option<NodeId>,
    /// When it is declared dead if nothing else happens.
    pub ends: Instant,
}

/// A read-only window on a node.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    node: &'a Node,
}

impl<'a> View<'a> {
    pub(super) const fn new(node: &'a Node) -> Self {
        Self { node }
    }

    pub(super) const fn node(self) -> &'a Node {
        self.node
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

    /// Whether somebody at this address may be a member ([`Config::allowed`](crate::Config::allowed)). A driver asks before
    /// it takes a stream; datagrams are judged where they are handed in.
    #[must_use]
    pub fn allows(self, addr: SocketAddr) -> bool {
        self.node.allows(addr)
    }

    /// What is believed of one member; `None` when nobody ever spoke of it, or it is forgotten.
    #[must_use]
    pub fn member(self, id: NodeId) -> Option<MemberView> {
        let membership = &self.node.membership;
        membership.find(id).map(|slot| self.row(slot))
    }

    /// Every member that was heard of and is not forgotten, this node first; ages are as of the latest input.
    pub fn members(self) -> impl Iterator<Item = MemberView> + use<'a> {
        self.node.membership.slots().map(move |slot| self.row(slot))
    }

    /// A member that is silent for a detector of heartbeats is dead here, though nobody else was told.
    pub(super) fn row(self, slot: Slot) -> MemberView {
        let record = self.node.membership.record_at(slot, self.node.clock.latest());
        if self.node.is_silent(slot) { Record { health: Health::Dead, ..record } } else { record }
    }

    /// How many members are alive or suspected, this node included.
    #[must_use]
    pub fn live(self) -> u32 {
        let silent = self.node.cold.beating.as_ref().map_or(0, |beating| beating.beats.silent());
        self.node.membership.live() - silent
    }

    /// How suspicious the silence of a member is at the time of the latest input: `-log10` of how probable a longer one
    /// is. `None` without [`Detector::Phi`](crate::Detector::Phi) or [`Detector::Ring`](crate::Detector::Ring), of whom
    /// nobody says that it lives, and in a ring of all but the few members that this node watches.
    #[must_use]
    pub fn phi(self, id: NodeId) -> Option<f64> {
        let (accrual, history) = self.accrual(id)?;
        Some(accrual.phi(history, self.node.clock.inside(self.node.clock.latest())))
    }

    /// When phi of a member reaches a threshold, if nothing is heard of it until then: what another consumer than the node
    /// waits for, with a threshold of its own. `None` as with [`View::phi`], or when it never does.
    #[must_use]
    pub fn phi_reaches(self, id: NodeId, threshold: f64) -> Option<Instant> {
        let (accrual, history) = self.accrual(id)?;
        accrual.deadline(history, threshold).map(|at| self.node.clock.outside(at))
    }

    fn accrual(self, id: NodeId) -> Option<(&'a accrual::Detector, &'a accrual::History)> {
        let slot = self.node.membership.find(id)?;
        if let Some(contacts) = &self.node.cold.contacts {
            return Some((contacts.accrual(), contacts.history(slot)?));
        }
        let beats = &self.node.cold.beating.as_ref()?.beats;
        Some((beats.rule().accrual()?, beats.history(slot)?))
    }

    /// For how long a heartbeat stands still until its member has failed, in a cluster of this size; `None` without
    /// [`Detector::Heartbeat`](crate::Detector::Heartbeat).
    #[must_use]
    pub fn failure_time(self) -> Option<Duration> {
        self.node.cold.beating.as_ref()?.beats.rule().failure_time()
    }

    /// What is believed of one member's health.
    #[must_use]
    pub fn health(self, id: NodeId) -> Option<Health> {
        self.member(id).map(|member| member.health)
    }

    /// What is believed of one member's health, and why: how that was learnt, from whom, who accuses, which probes were
    /// not answered, and which helpers were asked. `None` as with [`View::member`].
    #[must_use]
    pub fn why(self, id: NodeId) -> Option<Why> {
        self.node.membership.find(id).map(|slot| self.node.why(slot))
    }

    /// Who accuses a member that is under suspicion; `None` of anybody else.
    #[must_use]
    pub fn suspicion(self, id: NodeId) -> Option<SuspicionView> {
        let Node { membership, suspicions, clock, .. } = self.node;
        let suspicion = suspicions.get(membership.find(id)?)?;
        let accusers = suspicion.accusers().as_slice();
        let first = accusers.first().and_then(|&hash| membership.find_hash(hash));
        Some(SuspicionView {
            accusers: u32::try_from(accusers.len()).unwrap_or(u32::MAX),
            first_accuser: first.map(|slot| membership.record(slot).id),
            ends: clock.outside(suspicion.until()),
        })
    }

    /// What this node holds against its own health: 0 when nothing, at most
    /// [`Config::local_health_max`](crate::Config::local_health_max). Its probes take so many times longer.
    #[must_use]
    pub const fn local_health(self) -> u8 {
        self.node.health.score()
    }

    /// Whether the last probe of a member that was answered at all was answered over a stream only
    /// ([`Event::StreamOnly`](crate::Event::StreamOnly)).
    #[must_use]
    pub fn answers_by_stream_only(self, id: NodeId) -> bool {
        self.node.is_stream_only(id)
    }

    /// Whether the node has said goodbye, and the goodbye was told.
    #[must_use]
    pub fn has_left(self) -> bool {
        self.node.leaving == super::Leaving::HasLeft
    }

    /// Whether the node has stopped because another one has its identity ([`Event::Conflict`](crate::Event::Conflict)).
    #[must_use]
    pub fn has_stopped(self) -> bool {
        self.node.leaving == super::Leaving::Stopped
    }

    /// The sum that two nodes share exactly when they know the same live members.
    #[must_use]
    pub const fn fingerprint(self) -> u64 {
        self.node.membership.fingerprint()
    }

    /// Where else a member can be reached, besides the address of its record ([`Command::Addresses`](crate::Command::Addresses)).
    pub fn addresses(self, id: NodeId) -> impl Iterator<Item = SocketAddr> + use<'a> {
        self.node.membership.find(id).into_iter().flat_map(move |slot| self.node.others_of(slot))
    }

    /// The name that a member has published under [`NAME_KEY`](crate::NAME_KEY), if its id is made of it: nobody bears another's.
    #[must_use]
    pub fn name(self, id: NodeId) -> Option<&'a str> {
        let name = core::str::from_utf8(self.value(id, crate::NAME_KEY)?.value).ok()?;
        Some(name).filter(|name| NodeId::from_name(name) == id)
    }

    /// What a key of somebody's map stands for.
    #[must_use]
    pub fn value(self, owner: NodeId, key: &[u8]) -> Option<ValueView<'a>> {
        let slot = self.node.membership.find(owner)?;
        self.node.cold.state.get(slot, key, self.node.clock.latest()).and_then(value_of)
    }

    /// What a key stands for in everybody's map.
    pub fn by_key(self, key: &'a [u8]) -> impl Iterator<Item = (NodeId, ValueView<'a>)> + use<'a> {
        let (membership, state, now) = (&self.node.membership, &self.node.cold.state, self.node.clock.latest());
        membership
            .slots()
            .filter_map(move |slot| Some((membership.record(slot).id, value_of(state.get(slot, key, now)?)?)))
    }

    /// The keys of somebody's map that begin with a prefix, in order; the empty prefix is that of all.
    pub fn values(self, owner: NodeId, prefix: &'a [u8]) -> impl Iterator<Item = ValueView<'a>> + use<'a> {
        let (state, now) = (&self.node.cold.state, self.node.clock.latest());
        let slot = self.node.membership.find(owner);
        slot.into_iter().flat_map(move |slot| state.below(slot, prefix, now).filter_map(value_of))
    }

    /// How far this node's copy of somebody's map has come; `None` when it has none.
    #[must_use]
    pub fn map_version(self, owner: NodeId) -> Option<MapVersion> {
        let slot = self.node.membership.find(owner)?;
        let Head { epoch, watermark, version, .. } = self.node.cold.state.head(slot);
        (version > 0).then_some(MapVersion { epoch, version, watermark })
    }

    /// The sum that two nodes share exactly when they have the same copies of the maps of all live members; 0
    /// without any.
    #[must_use]
    pub const fn state_fingerprint(self) -> u64 {
        self.node.state_sum
    }

    /// Counters since the node's start.
    #[must_use]
    pub const fn stats(self) -> &'a Stats {
        &self.node.stats
    }
}

fn value_of(item: Item<'_>) -> Option<ValueView<'_>> {
    let Item { key, version, content } = item;
    let Content::Value { bytes: value, left_ms } = content else { return None };
    Some(ValueView { key, value, version, left: left_ms.map(|left| Duration::from_millis(left.into())) })
}
