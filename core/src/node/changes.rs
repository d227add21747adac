//! What has changed? The contents of the events about members and keys: types only.

use alloc::boxed::Box;
use core::net::SocketAddr;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::vocab::{Domain, Health, Incarnation, NodeId, Record};

use super::evidence::Evidence;
pub use crate::vocab::Reason;

/// A key of somebody's map stands for something else than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueChange {
    /// Whose map.
    pub owner: NodeId,
    /// The key.
    pub key: Box<[u8]>,
    /// What it stands for now; `None` for nothing: it was deleted, or its time is over, or its owner is forgotten.
    pub value: Option<Box<[u8]>>,
    /// The version of the owner's map that says so.
    pub version: u64,
}

impl ValueChange {
    /// How many bytes key and value have.
    pub(super) fn bytes(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, |value| value.len())
    }
}

/// One statement about a member that replaced another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberChange {
    /// Who.
    pub id: NodeId,
    /// Where it listens.
    pub addr: SocketAddr,
    /// Where it listened before, if that was somewhere else.
    pub moved_from: Option<SocketAddr>,
    /// What it shares its fate with.
    pub domain: Domain,
    /// Which of its lives and statements.
    pub incarnation: Incarnation,
    /// What is believed of it now.
    pub health: Health,
    /// What was believed before; `None` for a new member.
    pub was: Option<Health>,
    /// Why.
    pub reason: Reason,
    /// How many hops the statement came; 0 when this node makes it.
    pub hops: u8,
    /// What speaks against a member that is suspected or dead now; `None` of any other.
    pub evidence: Option<Box<Evidence>>,
}

impl MemberChange {
    /// Bytes of it that are not in the queue of events itself.
    pub(super) fn bytes(&self) -> usize {
        self.evidence.as_ref().map_or(0, |evidence| evidence.bytes())
    }

    /// A member that has not moved is believed to be what a record says.
    pub(super) const fn to(record: &Record, was: Option<Health>, reason: Reason) -> Self {
        let Record { id, incarnation, health, hops, addr, domain, .. } = *record;
        Self { id, addr, moved_from: None, domain, incarnation, health, was, reason, hops, evidence: None }
    }
}

/// How far a goodbye has come.
///
/// A member has it for certain once it has confirmed it. When as many have as a rumour is told to, the others hear of
/// it from them, as they hear of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Farewell {
    /// So many members have confirmed it.
    pub peers: u32,
    /// In so many domains; those without one are in one together.
    pub domains: u32,
    /// So many confirmations are waited for: of all other live members, or of as many as a rumour is told to if there
    /// are more. At the end `peers` is less only when [`Config::leave_timeout`](crate::Config::leave_timeout) was over.
    pub of: u32,
}

/// Two islands of a cluster have met again, as one node saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Healed {
    /// So many members were live here before, this node included.
    pub here: u32,
    /// So many came back who were dead here, or forgotten lately, and had never stopped: two at least.
    pub returned: u32,
    /// So many came in the same time of whom nothing was remembered here: who began on the other side, or was
    /// forgotten too long ago to be known again. (Others may have joined meanwhile.)
    pub newcomers: u32,
    /// The first that came back.
    pub sample: NodeId,
    /// How long that one of them had been dead here who was longest.
    pub away: Duration,
}

/// Why a node is known by another incarnation than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// It was suspected, or said to have died or left.
    Accusation,
    /// A life of this identity with a later boot was known: this node's clock has gone back and no number was kept, or
    /// another node used the identity. The boot is above it now.
    LaterBoot,
    /// Another life of this identity had the same boot: its number was used twice. The boot is one above it now.
    BootReused,
}

/// Another node runs with this node's identity, and one of the two stops.
///
/// Both report it. The one that the others hold to goes on; if that tells them apart in neither way, it is the one
/// that was born earlier, and of two with one boot the one whose random number is smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Where the other one listens.
    pub addr: SocketAddr,
    /// The boot with which the other one began.
    pub born: u64,
    /// Whether this node is the one that stops: it sends nothing any more, and refuses what comes with
    /// [`Rejected::Stopped`](crate::Rejected::Stopped). Otherwise the other one does.
    pub stops: bool,
    /// Only the births decided: the others held to both, or to neither.
    pub by_birth: bool,
}
