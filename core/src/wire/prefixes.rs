//! Lists of short hashes, grouped by a prefix of the hashed identity.
//!
//! ```text
//! group  level u8 · index u16 le · count u16 le · (hash u32 le) * count
//! ```
//!
//! A group names everything that its writer has below one prefix, so that what is absent from it is
//! absent there. A group that is too long for a datagram is written as its two halves, one level deeper.

use crate::vocab::Prefix;

/// A validated list of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefixes<'a> {
    bytes: &'a [u8],
}

const GROUP_HEAD_BYTES: usize = 5;
const HASH_BYTES: usize = 4;

impl<'a> Prefixes<'a> {
    /// Accepts bytes that are whole groups with indices inside their level.
    pub(crate) fn validate(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            (_, _, rest) = split_group(rest)?;
        }
        Some(Self { bytes })
    }

    pub(crate) const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The groups, each with its hashes.
    pub(crate) fn groups(
        &self,
    ) -> impl Iterator<Item = (Prefix, impl Iterator<Item = u32> + Clone + use<'a>)> + use<'a> {
        let mut rest = self.bytes;
        core::iter::from_fn(move || {
            let (prefix, hashes, tail) = split_group(rest)?;
            rest = tail;
            Some((
                prefix,
                hashes.chunks_exact(HASH_BYTES).map(|hash| u32::from_le_bytes(hash.try_into().unwrap_or_default())),
            ))
        })
    }
}

fn split_group(bytes: &[u8]) -> Option<(Prefix, &[u8], &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<GROUP_HEAD_BYTES>()?;
    let [level, i0, i1, c0, c1] = *head;
    let index = u16::from_le_bytes([i0, i1]);
    if level > Prefix::LEVEL_MAX || u32::from(index) >= 1 << level {
        return None;
    }
    let len = usize::from(u16::from_le_bytes([c0, c1])).checked_mul(HASH_BYTES)?;
    let (hashes, rest) = rest.split_at_checked(len)?;
    Some((Prefix { level, index }, hashes, rest))
}

/// Writes groups into a buffer, whole groups only.
#[derive(Debug)]
pub(crate) struct PrefixWriter<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> PrefixWriter<'b> {
    pub(crate) const fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// Appends a group, or nothing of it when it does not fit.
    pub(crate) fn try_push(&mut self, prefix: Prefix, hashes: impl Iterator<Item = u32>) -> bool {
        let Some(mut free) = self.buffer.get_mut(self.len..) else { return false };
        let free_bytes = free.len();
        let mut count = 0_u16;
        let Some((head, tail)) = free.split_first_chunk_mut::<GROUP_HEAD_BYTES>() else { return false };
        free = tail;
        for hash in hashes {
            let Some((place, tail)) = free.split_first_chunk_mut::<HASH_BYTES>() else { return false };
            *place = hash.to_le_bytes();
            free = tail;
            let Some(next) = count.checked_add(1) else { return false };
            count = next;
        }
        let ([i0, i1], [c0, c1]) = (prefix.index.to_le_bytes(), count.to_le_bytes());
        *head = [prefix.level, i0, i1, c0, c1];
        self.len = self.len.saturating_add(free_bytes.saturating_sub(free.len()));
        true
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What was written.
    pub(crate) fn finish(self) -> Prefixes<'b> {
        let (bytes, _) = self.buffer.split_at_mut_checked(self.len).unwrap_or_default();
        Prefixes { bytes }
    }
}
