//! What does a silence mean?
//!
//! SWIM (2002): one member is probed per period, directly and then through helpers; silence to the end of
//! the period makes a suspicion, and a suspicion that nobody contradicts in time makes a death. Lifeguard (2018):
//! whoever may itself be the cause of a silence waits longer, and what several find out is believed sooner.
//!
//! * [`order`] — whose turn it is;
//! * [`probe`] — one probe: wished for, sent, answered or not;
//! * [`helpers`] — who was asked to help with it and has not said a word;
//! * [`local_health`] — what speaks against this node itself;
//! * [`suspicion`] — the open suspicions, their accusers and their deadlines.
//!
//! Two other detectors hear relayed heartbeats instead:
//!
//! * [`beats`] — whose heartbeat stands still, by one of two rules;
//! * [`phi`] — a silence is as suspicious as it is improbable;
//! * [`heartbeat`] — a heartbeat that stands still for long enough has failed.
//!
//! And one contacts a few members regularly, always the same ones, and accuses as SWIM does:
//!
//! * [`ring`] — whom this node watches, and whose answers stay away for improbably long.
//!
//! This room knows members only by their slot, and it hears of answers and silences; it sends nothing and
//! convicts nobody: it hands verdicts to the node.

pub(crate) mod beats;
pub(crate) mod heartbeat;
pub(crate) mod helpers;
mod length;
#[cfg(test)]
mod lengths;
pub(crate) mod local_health;
pub(crate) mod order;
pub(crate) mod phi;
pub(crate) mod probe;
pub(crate) mod ring;
pub(crate) mod suspicion;
#[cfg(test)]
mod suspicion_law;
#[cfg(test)]
mod tests;

use core::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::vocab::{NodeId, Slot};

/// A member to be probed, with all that a probe needs to know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) slot: Slot,
    pub(crate) id: NodeId,
    /// The life that is probed.
    pub(crate) boot: u64,
    pub(crate) addr: SocketAddr,
}
