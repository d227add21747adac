//! What do nodes write, when, and to which of their keys?

use super::Selector;
use super::words::words;

/// Something that nodes write to their own maps.
///
/// Each node has the keys `k0`, `k1` and so on, the same ones in every write of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Its name; unique among the writes of the file. Draws go by it.
    pub id: String,
    /// Who writes.
    pub nodes: Selector,
    /// When.
    pub when: When,
    /// To how many keys.
    pub keys: u32,
    /// What.
    pub what: Written,
}

/// When a node writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// To each of the keys whenever the node starts, before it hears of anybody (`initial = true`).
    AtStart,
    /// To each of the keys once (`at` alone).
    Once {
        /// When, in nanoseconds from the start of the run.
        at_ns: u64,
    },
    /// To one of the keys after the other (`at` with `every`). Nodes begin at random instants of the first interval.
    Every {
        /// When the first interval begins, in nanoseconds from the start of the run.
        at_ns: u64,
        /// Time between two writes of one node, in nanoseconds.
        every_ns: u64,
        /// When the last interval is over, in nanoseconds from the start of the run.
        until_ns: u64,
    },
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// Random bytes, others each time (`kind = "put"`).
    Put {
        /// How many bytes.
        bytes: u32,
        /// For how long they stay, in nanoseconds; `None` is for ever.
        ttl_ns: Option<u64>,
    },
    /// Nothing any more (`kind = "delete"`).
    Delete,
}

/// The words for what is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum WriteKind {
    #[default]
    Put,
    Delete,
}

words!(pub(super) WriteKind {
    Put = "put",
    Delete = "delete",
});
