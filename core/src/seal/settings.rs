//! What can a seal be told?

use crate::vocab::NodeId;

/// What is sealed, and what is let in, the loosest first. The module's head says how to go from one to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Sends plain; lets in both, and opens what it has the key for.
    Off,
    /// Sends sealed; lets in both.
    Accept,
    /// Sends sealed; lets in sealed only.
    Require,
}

/// What a seal can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealConfig {
    /// What is sealed and what is let in; see [`Seal::set_mode`](super::Seal::set_mode).
    pub mode: Mode,
    /// The tag of the cluster, as in [`Config::cluster`](crate::Config::cluster).
    pub cluster: u32,
    /// Who the node is.
    pub id: NodeId,
    /// Whether datagrams are compressed before they are sealed. Everybody must have the cargo feature `lz4` then.
    pub compress: bool,
    /// The most peers that are remembered, about 600 bytes each; more than the cluster has members. A peer that made room
    /// must prove itself again, and loses what it has under way.
    pub peers_max: u32,
}

impl SealConfig {
    /// Seals and requires it, does not compress, and remembers 4096 peers.
    #[must_use]
    pub const fn new(cluster: u32, id: NodeId) -> Self {
        Self { mode: Mode::Require, cluster, id, compress: false, peers_max: 4096 }
    }
}
