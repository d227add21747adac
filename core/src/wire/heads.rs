//! Heads of copies in bytes, and lists of them.
//!
//! ```text
//! head   length u8 · hashed identity u64 le · sum u32 le · epoch, watermark, version (varints)
//! group  level u8 · index u16 le · length u16 le · head*     everything that the writer has below a prefix
//! ```

use serde::{Deserialize, Serialize};

use crate::vocab::{Head, Prefix};

/// No head is longer than this, its length byte included.
pub(crate) const HEAD_BYTES_MAX: usize = 1 + 8 + 4 + 3 * 10;

const GROUP_HEAD_BYTES: usize = 5;

/// A copy of somebody's map: whose, and how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadOf {
    pub(crate) id_hash: u64,
    pub(crate) head: Head,
}

#[derive(Serialize, Deserialize)]
struct HeadWire {
    id_hash: [u8; 8],
    sum: [u8; 4],
    epoch: u64,
    watermark: u64,
    version: u64,
}

impl HeadOf {
    /// Appends a head; `None`, and nothing that counts written, when it does not fit. Returns its length.
    pub(super) fn encode(&self, buffer: &mut [u8]) -> Option<usize> {
        let (length, free) = buffer.split_first_mut()?;
        let Head { epoch, watermark, version, sum } = self.head;
        let wire = HeadWire { id_hash: self.id_hash.to_le_bytes(), sum: sum.to_le_bytes(), epoch, watermark, version };
        let len = postcard::to_slice(&wire, free).ok()?.len();
        *length = u8::try_from(len).ok()?;
        len.checked_add(1)
    }

    /// Takes a head from the front.
    pub(super) fn take(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&len, rest) = bytes.split_first()?;
        let (wire, rest) = rest.split_at_checked(usize::from(len))?;
        let (wire, _later) = postcard::take_from_bytes::<HeadWire>(wire).ok()?;
        let HeadWire { id_hash, sum, epoch, watermark, version } = wire;
        let head = Head { epoch, watermark, version, sum: u32::from_le_bytes(sum) };
        Some((Self { id_hash: u64::from_le_bytes(id_hash), head }, rest))
    }
}

/// A validated list of heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Heads<'a> {
    bytes: &'a [u8],
}

impl<'a> Heads<'a> {
    /// Accepts bytes that are whole heads.
    pub(super) fn validate(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            (_, rest) = HeadOf::take(rest)?;
        }
        Some(Self { bytes })
    }
}

impl Iterator for Heads<'_> {
    type Item = HeadOf;

    fn next(&mut self) -> Option<HeadOf> {
        let (head, rest) = HeadOf::take(self.bytes)?;
        self.bytes = rest;
        Some(head)
    }
}

/// A validated list of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadGroups<'a> {
    bytes: &'a [u8],
}

impl<'a> HeadGroups<'a> {
    /// Accepts bytes that are whole groups with indices inside their level.
    pub(super) fn validate(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            (_, _, rest) = split_group(rest)?;
        }
        Some(Self { bytes })
    }

    pub(super) const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The groups, each with its heads.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (Prefix, Heads<'a>)> + use<'a> {
        let mut rest = self.bytes;
        core::iter::from_fn(move || {
            let (prefix, heads, tail) = split_group(rest)?;
            rest = tail;
            Some((prefix, heads))
        })
    }
}

fn split_group(bytes: &[u8]) -> Option<(Prefix, Heads<'_>, &[u8])> {
    let (&[level, i0, i1, l0, l1], rest) = bytes.split_first_chunk::<GROUP_HEAD_BYTES>()?;
    let index = u16::from_le_bytes([i0, i1]);
    if level > Prefix::LEVEL_MAX || u32::from(index) >= 1 << level {
        return None;
    }
    let (heads, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([l0, l1])))?;
    Some((Prefix { level, index }, Heads::validate(heads)?, rest))
}

/// Writes groups into a buffer, whole groups only.
#[derive(Debug)]
pub(crate) struct HeadGroupWriter<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> HeadGroupWriter<'b> {
    pub(crate) const fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// Appends a group, or nothing of it when it does not fit.
    pub(crate) fn try_push(&mut self, prefix: Prefix, heads: impl Iterator<Item = HeadOf>) -> bool {
        let Some(group) = self.buffer.get_mut(self.len..) else { return false };
        let Some((group_head, free)) = group.split_first_chunk_mut::<GROUP_HEAD_BYTES>() else { return false };
        let mut len = 0_usize;
        for head in heads {
            let Some(written) = free.get_mut(len..).and_then(|free| head.encode(free)) else { return false };
            len = len.saturating_add(written);
        }
        let Ok(short) = u16::try_from(len) else { return false };
        let ([i0, i1], [l0, l1]) = (prefix.index.to_le_bytes(), short.to_le_bytes());
        *group_head = [prefix.level, i0, i1, l0, l1];
        self.len = self.len.saturating_add(GROUP_HEAD_BYTES).saturating_add(len);
        true
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What was written.
    pub(crate) fn finish(self) -> HeadGroups<'b> {
        let (bytes, _) = self.buffer.split_at_mut_checked(self.len).unwrap_or_default();
        HeadGroups { bytes }
    }
}
