//! What do nodes tell everybody, when, and under which keys?

use super::{Selector, When};

/// Infos that nodes issue.
///
/// Without a key of its own, the info of a node's `k`-th key is called `<id>.<node>.<k>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Its name; unique among the infos of the file. Draws go by it.
    pub id: String,
    /// Who issues them.
    pub issuers: Issuers,
    /// The one key of all issuers, if the file gives one (`key = "sentinel"`). What is measured of an info that several
    /// tables issue is what the first of them issues.
    pub key: Option<String>,
    /// When. Infos that are issued every so often are issued by all at once, as in cycles, unless they spread.
    pub when: When,
    /// Whether nodes begin at random instants of the first interval instead (`spread = true`).
    pub spread: bool,
    /// How many keys each issuer has.
    pub keys: u32,
    /// So many random bytes, others each time (`value = "20B"`); without it, how often the info was issued before.
    pub bytes: Option<u32>,
    /// For how long an info stays, in nanoseconds; `None` is for ever.
    pub ttl_ns: Option<u64>,
}

/// Who issues infos.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuers {
    /// These, as long as they run.
    Nodes(Selector),
    /// Whoever has the lowest number of those that run (`nodes = "lowest"`): a duty that moves at once.
    Lowest,
}
