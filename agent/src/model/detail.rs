//! What does a program want to know of an event, beyond what is written for people?
//!
//! By the kind of the event: a field of a kind is always there, `null` where there is nothing to say. None is ever taken away or
//! given another meaning under schema 1; others may come.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Bytes, Goodbye, Status};

/// The fields of an event, beside those that all have.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Detail {
    /// None: what is lost, and what came to a mailbox.
    None {},
    /// `member`: what is believed of a member has changed.
    Member {
        status: Status,
        /// `null` of a new member.
        was: Option<Status>,
        addr: SocketAddr,
        /// Where it was before, if it has moved.
        moved_from: Option<SocketAddr>,
        domain: Option<String>,
        boot: u64,
        counter: u32,
        /// `rumour`, `repair`, `contact`, `silence`, `expiry` or `command`.
        reason: &'static str,
        /// Over how many nodes the statement came; 0 if this one makes it.
        hops: u8,
    },
    /// `joined`
    Joined { members: u32 },
    /// `refuted`: this node is known by this incarnation from now on.
    Refuted {
        boot: u64,
        counter: u32,
        /// `accusation`, `later-boot` or `boot-reused`.
        cause: &'static str,
    },
    /// `moved`: this node is reached elsewhere.
    Moved { from: SocketAddr, to: SocketAddr, boot: u64, counter: u32 },
    /// `conflict`: another node has this one's identity.
    Conflict {
        addr: SocketAddr,
        born: u64,
        /// Whether this node is the one that stops.
        stops: bool,
    },
    /// `replicated`: what came of a write that waited for others.
    Replicated { version: u64, replicas: u32, domains: u32, enough: bool },
    /// `leaving` and `left`
    Goodbye(Goodbye),
    /// `value`: a key of somebody's map.
    Value {
        key: Bytes,
        version: u64,
        /// Whether it stands for nothing any more.
        ended: bool,
    },
    /// `info`
    Info { key: Bytes, ended: bool },
    /// `event`: somebody has said something to everybody, perhaps as a query.
    User {
        number: u64,
        name: Bytes,
        payload: Bytes,
        /// For how long answers are wanted, in milliseconds; `null` if none are.
        window_ms: Option<u64>,
    },
    /// `query`: an answer to this node's query, or its end.
    Query {
        query: u64,
        /// `null` at the end.
        payload: Option<Bytes>,
        /// How many have answered, at the end.
        answers: Option<u32>,
    },
    /// `link`
    Link {
        addr: SocketAddr,
        outgoing: bool,
        /// Why it has closed: `silent`, `gone`, `by-peer`, `reborn`, `evicted`, `swapped`, `redundant` or `stopped`.
        ended: Option<&'static str>,
    },
    /// `links`: how this node stands among its links, in the words of `overlay`.
    Links { standing: &'static str },
    /// `healed`
    Healed { here: u32, returned: u32, newcomers: u32, away_ms: u64 },
    /// `quorum`: whether this node may act, in the words of `quorum`.
    Standing { standing: &'static str, was: &'static str, why: &'static str, all: u64, needed: u64, seen: u64 },
    /// `quorum`: a voter is lost.
    Lost {
        /// `down`, or `suspect-down` if perhaps its whole domain is.
        loss: &'static str,
    },
    /// `ping`
    Ping {
        /// `null` without an answer.
        rtt_us: Option<u64>,
    },
}

impl Default for Detail {
    fn default() -> Self {
        Self::None {}
    }
}
