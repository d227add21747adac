//! What does somebody want to see who looks at a node for a while?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Brief, Status, Who};

/// `GET /v1/top`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct TopReport {
    #[serde(flatten)]
    pub(crate) who: Who,
    pub(crate) uptime_ms: u64,
    /// How many members are believed to be what.
    pub(crate) members: BTreeMap<Status, u32>,
    /// What the node holds against its own health; 0 is nothing.
    pub(crate) local_health: u8,
    pub(crate) counters: Counters,
    /// The members, those first that need a look; not more than 256.
    pub(crate) rows: Vec<TopRow>,
}

/// What was counted since the node's start.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Counters {
    pub(crate) datagrams_sent: u64,
    pub(crate) datagrams_received: u64,
    pub(crate) datagrams_rejected: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) stream_bytes_sent: u64,
    /// Packets, rumours, notes and steps of links for which a queue had no room.
    pub(crate) no_room: u64,
    pub(crate) suspicions: u64,
    pub(crate) refutations: u64,
    pub(crate) freezes: u64,
}

/// One member.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct TopRow {
    #[serde(flatten)]
    pub(crate) brief: Brief,
    /// `None` of whom nobody accuses.
    pub(crate) suspicion: Option<Suspicion>,
    /// Whether datagrams to it are lost.
    pub(crate) stream_only: bool,
}

/// Why a member may be declared dead, and when.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Suspicion {
    pub(crate) accusers: u32,
    /// Until it is, if nothing else happens.
    pub(crate) left_ms: u64,
}
