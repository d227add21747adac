//! The words that every room may use: ids, time, records, randomness, bounded containers.
//!
//! Nothing here decides anything about gossip, and nothing here imports another room.

use serde::{Deserialize, Serialize};

mod accusers;
mod agenda;
pub(crate) mod array;
mod chunks;
mod contents;
mod domain;
mod hash;
mod head;
mod id;

mod info;
mod link;
mod log;
mod map;
mod reason;
mod record;
mod ring;
mod rng;
mod sorted;
mod sums;
mod table;
mod time;
mod token;

pub(crate) use accusers::{ACCUSERS_MAX, Accusers, CONFIRMATIONS_MAX};
pub(crate) use agenda::Agenda;
pub(crate) use chunks::Chunks;
pub(crate) use contents::{InfoMut, LendInfo, Originals, lend_entry};
pub use contents::{Lend, Lent};
pub use domain::Domain;
pub use hash::stable_hash;
pub(crate) use hash::{fold, hash_of_life, mix};
pub use head::TTL_MAX;
pub(crate) use head::{Content, GRAIN_BYTES, Head, Item, Rates, Span, grains};
pub use id::{Incarnation, NodeId};
#[cfg(test)]
pub(crate) use info::OwnedInfoValue;
pub use info::{
    GroupDef, GroupOrder, INFO_KEY_BYTES_MAX, INFO_VALUE_BYTES_MAX, InfoKind, InfoValue, KeyPattern, KeyRule,
};
pub(crate) use info::{InfoItem, InfoTold, InfoVersion, Lifetime, Origin};
pub use link::LinkEnd;
pub(crate) use link::{LINKS_MAX, Link, Links};
pub(crate) use log::{log10_ceil, log10_milli};
pub(crate) use map::{Index, Map};
pub use reason::Reason;
pub use record::{Health, Record};
pub(crate) use ring::Ring;
pub(crate) use rng::Rng;
pub(crate) use sorted::Sorted;
pub(crate) use sums::{BUCKETS, Sums, bucket_of};
pub(crate) use table::Table;
pub use time::Instant;
pub(crate) use time::nanos;
pub(crate) use token::{Cookie, Nonce, Prefix};

/// A member's place in this node's own tables; means nothing to any other node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Slot(pub u32);

impl Slot {
    /// The place of the node itself.
    pub(crate) const SELF: Self = Self(0);

    /// The place as an index.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}
