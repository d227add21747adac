//! How large may what is kept become?
//!
//! What others say is refused beyond the same limits, and everything of that origin behind it waits. So limits are the
//! same on every node, or nodes with the lower ones hear no more of who uses the higher ones.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::{keys, value};
use crate::config::Compat2014;
use crate::vocab::{INFO_KEY_BYTES_MAX, INFO_VALUE_BYTES_MAX, InfoItem, InfoValue, Lifetime, TTL_MAX};

/// Who hears of an info over more links than this refuses it: it goes in circles.
pub(crate) const HOPS_MAX: u8 = 64;

/// So far may a stranger's counter or stamp be ahead of what is known. No writer comes so far by writing, and it
/// leaves room for that many more lies before the numbers end.
pub(crate) const JUMP_MAX: u64 = 1 << 48;

/// What bounds a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// The most infos, what is left of deleted and ended ones included.
    pub(crate) infos_max: u32,
    /// The most that all of them weigh, in bytes of keys and values and [`ROW_BYTES`](super::store::ROW_BYTES) each.
    pub(crate) bytes_max: usize,
    pub(crate) key_bytes_max: u16,
    /// With its key, a value must fit into one datagram.
    pub(crate) value_bytes_max: usize,
    /// The longest life of what is not permanent; at most [`TTL_MAX`].
    pub(crate) ttl_max: Duration,
    /// For how long it is remembered that an info was deleted or has ended: until then nobody takes an older statement
    /// about its key. Who is cut off for longer may bring one back.
    pub(crate) tombstone_life: Duration,
    /// The most lives of nodes of which something is kept or remembered.
    pub(crate) origins_max: u32,
    /// For how long a life is remembered that issued nothing that is still there.
    pub(crate) origin_grace: Duration,
    pub(crate) groups_max: usize,
    /// The most infos that a group lists.
    pub(crate) group_limit_max: u32,
    pub(crate) watches_max: usize,
    /// Changes where things lie in memory, and nothing else.
    pub(crate) hash_seed: u64,
}

impl Limits {
    /// For datagrams of 1232 bytes.
    pub(crate) const STANDARD: Self = Self {
        infos_max: 1 << 16,
        bytes_max: 16 << 20,
        #[expect(clippy::cast_possible_truncation, reason = "it is 255")]
        key_bytes_max: INFO_KEY_BYTES_MAX as u16,
        value_bytes_max: INFO_VALUE_BYTES_MAX,
        ttl_max: TTL_MAX,
        tombstone_life: Duration::from_secs(3600),
        origins_max: 1 << 16,
        origin_grace: Duration::from_secs(3600),
        groups_max: 64,
        group_limit_max: 1024,
        watches_max: 64,
        hash_seed: 0,
    };
}

/// Why an info is refused, whoever issues it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// The key is empty or too long.
    Key,
    /// The value is too long.
    Value,
    /// It would live for no time, or for too long.
    Ttl,
    /// The key is an event's or a group's, and this is not that event, or tells of no group.
    Reserved,
    /// There are as many infos, or as many bytes of them, as there may be.
    Full,
    /// Of a life of which nothing is known yet, and as many lives are known as may be.
    Origins,
}

impl Limits {
    pub(super) fn admit_key(&self, key: &[u8]) -> Result<(), Unfit> {
        if key.is_empty() || key.len() > usize::from(self.key_bytes_max) { Err(Unfit::Key) } else { Ok(()) }
    }

    pub(super) fn admit_value(&self, value: InfoValue<'_>) -> Result<(), Unfit> {
        if value::len(value) > self.value_bytes_max { Err(Unfit::Value) } else { Ok(()) }
    }

    /// How long an own info lives; `None` if it is permanent.
    pub(super) fn admit_life(&self, life: Lifetime, compat: Compat2014) -> Result<Option<Duration>, Unfit> {
        match life {
            Lifetime::Permanent => Ok(None),
            Lifetime::For(Duration::ZERO) => {
                if compat.zero_is_permanent {
                    Ok(None)
                } else {
                    Err(Unfit::Ttl)
                }
            }
            Lifetime::For(ttl) => {
                if ttl > self.ttl_max {
                    Err(Unfit::Ttl)
                } else {
                    Ok(Some(ttl))
                }
            }
        }
    }

    /// Whether what a peer tells is what it may be by itself, whatever is known.
    pub(super) fn admit(&self, item: &InfoItem<'_>) -> Result<(), Unfit> {
        self.admit_key(item.key)?;
        item.value.map_or(Ok(()), |value| self.admit_value(value))?;
        let most = if item.value.is_some() { self.ttl_max } else { self.tombstone_life };
        match item.left_ms {
            // It is told rounded up, so that it may be a part of a millisecond longer.
            Some(left) if left == 0 || u128::from(left) > most.as_nanos().div_ceil(1_000_000) => Err(Unfit::Ttl),
            None if item.value.is_none() => Err(Unfit::Ttl),
            Some(_) | None => keys::admit_reserved(item),
        }
    }
}
