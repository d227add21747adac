//! What is said about a copy of somebody's map: plain data that crosses rooms and the wire.

use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The longest time that a value may be put for: 49 days, what an item can tell.
pub const TTL_MAX: Duration = Duration::from_millis(u32::MAX as u64);

/// How far a copy of one owner's map has come. The default is "nothing at all".
///
/// A copy at a version holds every key that lives in the owner's map of that version, and every tombstone above
/// its watermark (van Renesse 2008, section 3, and the rules that deletion needs).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Which of the owner's maps: a map that was lost is followed by one with a higher epoch.
    pub(crate) epoch: u64,
    /// Tombstones up to this version are forgotten.
    pub(crate) watermark: u64,
    /// The last version that the copy has come to.
    pub(crate) version: u64,
    /// Tells two contents apart that claim to be the same.
    pub(crate) sum: u32,
}

/// A value takes one version per so many bytes of it, its grains, so that a copy may have come to the middle of a long
/// one. Any datagram has room for a grain.
pub(crate) const GRAIN_BYTES: usize = 128;

/// How many versions a value takes.
pub(crate) const fn grains(len: usize) -> u64 {
    if len == 0 { 1 } else { len.div_ceil(GRAIN_BYTES) as u64 }
}

/// One key of a map, as it stands at one of its versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    pub(crate) key: &'a [u8],
    /// The version that it ends with.
    pub(crate) version: u64,
    pub(crate) content: Content<'a>,
}

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// A value, and in how many milliseconds it ends, if it does.
    Value { bytes: &'a [u8], left_ms: Option<u32> },
    /// Whole grains of a value that goes on, from a byte of it on.
    Part { offset: u32, bytes: &'a [u8] },
    /// The rest of a value, from a byte of it on.
    Rest { offset: u32, bytes: &'a [u8], left_ms: Option<u32> },
    /// Nothing any more: it was deleted, or its time is over.
    Gone,
}

impl<'a> Item<'a> {
    /// The bytes of the value that it brings, and where in the value they begin.
    pub(crate) const fn bytes(&self) -> (u32, &'a [u8]) {
        match self.content {
            Content::Value { bytes, .. } => (0, bytes),
            Content::Part { offset, bytes } | Content::Rest { offset, bytes, .. } => (offset, bytes),
            Content::Gone => (0, &[]),
        }
    }

    /// The first version that it brings; 0 if it claims to bring more than its version.
    pub(crate) const fn start(&self) -> u64 {
        self.version.saturating_add(1).saturating_sub(grains(self.bytes().1.len()))
    }

    /// What it brings after a version that is below its own.
    pub(crate) fn after(self, version: u64) -> Self {
        let (offset, bytes) = self.bytes();
        let had = usize::try_from(version.saturating_add(1).saturating_sub(self.start())).unwrap_or(usize::MAX);
        let had = had.saturating_mul(GRAIN_BYTES);
        let Some((_, rest)) = bytes.split_at_checked(had).filter(|_| had > 0) else { return self };
        let content = match self.content {
            Content::Value { left_ms, .. } | Content::Rest { left_ms, .. } => {
                Content::Rest { offset: further(offset, had), bytes: rest, left_ms }
            }
            Content::Part { .. } => Content::Part { offset: further(offset, had), bytes: rest },
            Content::Gone => Content::Gone,
        };
        Self { content, ..self }
    }

    /// Its first grains, so many bytes at most; `None` if that is none of them, or all.
    pub(crate) fn cut(self, bytes_max: usize) -> Option<Self> {
        let (offset, bytes) = self.bytes();
        let count = bytes_max / GRAIN_BYTES;
        let bytes =
            bytes.get(..count.checked_mul(GRAIN_BYTES)?).filter(|part| (1..bytes.len()).contains(&part.len()))?;
        let version = self.start().checked_add(count as u64)?.checked_sub(1)?;
        Some(Self { version, content: Content::Part { offset, bytes }, ..self })
    }
}

fn further(offset: u32, bytes: usize) -> u32 {
    u32::try_from(bytes).map_or(u32::MAX, |bytes| offset.saturating_add(bytes))
}

/// What a list of items is: everything that changed in one owner's map after `from`, up to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    /// The sender's own copy.
    pub(crate) head: Head,
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// What a node tells of its writing, in bytes per second (van Renesse 2008, section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rates {
    pub(crate) desired: u64,
    pub(crate) permitted: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_and_goes_on() {
        let bytes: alloc::vec::Vec<u8> = (0..=255).chain(0..=43).collect();
        let whole = Item { key: b"k", version: 10, content: Content::Value { bytes: &bytes, left_ms: Some(5) } };
        assert_eq!((bytes.len(), whole.start()), (300, 8), "three grains");
        let first = whole.cut(299).expect("two of three grains");
        assert_eq!((first.version, first.content), (9, Content::Part { offset: 0, bytes: &bytes[..256] }));
        let rest = whole.after(first.version);
        assert_eq!((rest.start(), rest.version), (10, 10));
        assert_eq!(rest.content, Content::Rest { offset: 256, bytes: &bytes[256..], left_ms: Some(5) });
        let middle = whole.after(8).cut(128).expect("one of two grains");
        assert_eq!((middle.start(), middle.version), (9, 9));
        assert_eq!(middle.content, Content::Part { offset: 128, bytes: &bytes[128..256] });
        assert_eq!(first.after(8), middle);
        assert_eq!((whole.cut(127), whole.after(7), rest.cut(300)), (None, whole, None));
        let gone = Item { content: Content::Gone, ..whole };
        assert_eq!((gone.start(), gone.cut(300), gone.after(9)), (10, None, gone));
    }
}
