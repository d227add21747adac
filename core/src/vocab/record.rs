//! What is said about a member: plain data that crosses rooms and the wire.

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::domain::Domain;
use super::id::{Incarnation, NodeId};

/// What is believed of a member.
///
/// The order is the order of the merge law within one incarnation: the later one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Health {
    /// It answers, or someone says so.
    Alive,
    /// It did not answer somebody; it has time to contradict.
    Suspect,
    /// It did not contradict in time.
    Dead,
    /// It said goodbye. Final within its boot.
    Left,
    /// Somebody removed it when it was dead. Final within its boot: if it is alive after all, it begins a new life.
    Removed,
}

impl Health {
    /// Whether the member still counts: a suspect has not been convicted.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Alive | Self::Suspect)
    }

    /// Whether nothing that is said of the same boot changes it, whatever the counter.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Left | Self::Removed)
    }
}

/// One statement about one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Record {
    /// Who is meant.
    pub id: NodeId,
    /// Which of its lives, and which of its statements.
    pub incarnation: Incarnation,
    /// What is believed of it.
    pub health: Health,
    /// How many hops the statement has come so far; 0 at the one who makes it.
    pub hops: u8,
    /// How many milliseconds ago it died or left, as far as is known; 0 of a member that lives.
    pub age_ms: u32,
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it shares its fate with.
    pub domain: Domain,
}

impl Record {
    /// The first statement of a node that begins a life, as it makes it itself: what a snapshot of a cluster whose
    /// members are known beforehand is made of.
    #[must_use]
    pub const fn of_new_life(id: NodeId, boot: u64, addr: SocketAddr) -> Self {
        let (incarnation, domain) = (Incarnation::first(boot), Domain::NONE);
        Self { id, incarnation, health: Health::Alive, hops: 0, age_ms: 0, addr, domain }
    }
}
