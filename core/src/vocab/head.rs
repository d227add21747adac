//! What is said about a copy of somebody's map: plain data that crosses rooms and the wire.

use core::time::Duration;

/// The longest time that a value may be put for: 49 days, what an item can tell.
pub const TTL_MAX: Duration = Duration::from_millis(u32::MAX as u64);

/// How far a copy of one owner's map has come. The default is "nothing at all".
///
/// A copy at a version holds every key that lives in the owner's map of that version, and every tombstone above
/// its watermark (van Renesse 2008, section 3, and the rules that deletion needs).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
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

/// One key of a map, as it stands at one of its versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    pub(crate) key: &'a [u8],
    pub(crate) version: u64,
    pub(crate) content: Content<'a>,
}

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// A value, and in how many milliseconds it ends, if it does.
    Value { bytes: &'a [u8], left_ms: Option<u32> },
    /// Nothing any more: it was deleted, or its time is over.
    Gone,
}

/// What a list of items is: everything that changed in one owner's map after `from`, up to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The sender's own copy.
    pub(crate) head: Head,
    pub(crate) from: u64,
    pub(crate) to: u64,
}
