//! Changes of maps in bytes: spans of one owner's versions, each with the items that changed in it.
//!
//! ```text
//! span  head · from, to - from (varints) · length u16 le · item*
//! item  length (varint) · version - the one before (varint) · content u8 · key · value and remaining time, if any
//! ```
//!
//! A value that is longer than the room for it is cut after a grain; the next span goes on there.

use serde::{Deserialize, Serialize};

use super::heads::HeadOf;
use crate::vocab::{Content, GRAIN_BYTES, Item, Span};

/// The most that a span takes besides keys and values, and an item besides its own.
pub(super) const SPAN_HEAD_BYTES_MAX: usize = super::heads::HEAD_BYTES_MAX + 10 + 10 + 2;
pub(super) const ITEM_HEAD_BYTES_MAX: usize = 3 + 10 + 1 + 3 + 5 + 5 + 3;

#[derive(Serialize, Deserialize)]
struct ItemWire<'a> {
    step: u64,
    #[serde(borrow)]
    content: ContentWire<'a>,
    key: &'a [u8],
}

#[derive(Serialize, Deserialize)]
enum ContentWire<'a> {
    Gone,
    Lasting(#[serde(borrow)] &'a [u8]),
    Ending(u32, #[serde(borrow)] &'a [u8]),
    Part(u32, #[serde(borrow)] &'a [u8]),
    RestLasting(u32, #[serde(borrow)] &'a [u8]),
    RestEnding(u32, u32, #[serde(borrow)] &'a [u8]),
}

impl<'a> ContentWire<'a> {
    const fn of(content: Content<'a>) -> Self {
        match content {
            Content::Gone => Self::Gone,
            Content::Value { bytes, left_ms: None } => Self::Lasting(bytes),
            Content::Value { bytes, left_ms: Some(left) } => Self::Ending(left, bytes),
            Content::Part { offset, bytes } => Self::Part(offset, bytes),
            Content::Rest { offset, bytes, left_ms: None } => Self::RestLasting(offset, bytes),
            Content::Rest { offset, bytes, left_ms: Some(left) } => Self::RestEnding(offset, left, bytes),
        }
    }

    const fn content(&self) -> Content<'a> {
        match *self {
            Self::Gone => Content::Gone,
            Self::Lasting(bytes) => Content::Value { bytes, left_ms: None },
            Self::Ending(left, bytes) => Content::Value { bytes, left_ms: Some(left) },
            Self::Part(offset, bytes) => Content::Part { offset, bytes },
            Self::RestLasting(offset, bytes) => Content::Rest { offset, bytes, left_ms: None },
            Self::RestEnding(offset, left, bytes) => Content::Rest { offset, bytes, left_ms: Some(left) },
        }
    }
}

/// Whether an item's parts lie at the bounds of grains.
fn is_well_cut(item: &Item<'_>) -> bool {
    let (offset, bytes) = item.bytes();
    let whole = |len: usize| len.is_multiple_of(GRAIN_BYTES);
    let starts_well = usize::try_from(offset).is_ok_and(whole);
    match item.content {
        Content::Value { .. } | Content::Gone => true,
        Content::Part { .. } => starts_well && !bytes.is_empty() && whole(bytes.len()),
        Content::Rest { .. } => starts_well && !bytes.is_empty() && offset > 0,
    }
}

/// The items of one span, validated: each can be read, and their versions ascend within the span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Items<'a> {
    bytes: &'a [u8],
    version: u64,
}

impl<'a> Items<'a> {
    /// Accepts bytes that are whole items, well cut, with ascending versions, none above `to`.
    pub(crate) fn validate(bytes: &'a [u8], from: u64, to: u64) -> Option<Self> {
        let mut rest = Self { bytes, version: from };
        while !rest.bytes.is_empty() {
            let before = rest.version;
            let item = rest.next()?;
            if item.start() <= before || item.version > to || !is_well_cut(&item) {
                return None;
            }
        }
        Some(Self { bytes, version: from })
    }

    pub(crate) const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The next item, and what a later release has written behind it.
    pub(super) fn next_with_later(&mut self) -> Option<(Item<'a>, &'a [u8])> {
        let (len, rest) = postcard::take_from_bytes::<u32>(self.bytes).ok()?;
        let (wire, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
        let (ItemWire { step, content, key }, later) = postcard::take_from_bytes(wire).ok()?;
        self.version = self.version.checked_add(step)?;
        self.bytes = rest;
        Some((Item { key, version: self.version, content: content.content() }, later))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        self.next_with_later().map(|(item, _later)| item)
    }
}

/// The hashed identity of an owner, a span of its map, and what changed in it.
type SpanOf<'a> = (u64, Span, Items<'a>);

/// A validated list of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Spans<'a> {
    bytes: &'a [u8],
}

impl<'a> Spans<'a> {
    /// Accepts bytes that are whole spans, every one of them valid.
    pub(super) fn validate(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            (_, rest) = take_span(rest)?;
        }
        Some(Self { bytes })
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl<'a> Iterator for Spans<'a> {
    type Item = SpanOf<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (span, rest) = take_span(self.bytes)?;
        self.bytes = rest;
        Some(span)
    }
}

fn take_span(bytes: &[u8]) -> Option<(SpanOf<'_>, &[u8])> {
    let (HeadOf { id_hash, head }, rest) = HeadOf::take(bytes)?;
    let ((from, reach), rest) = postcard::take_from_bytes::<(u64, u64)>(rest).ok()?;
    let (&len, rest) = rest.split_first_chunk::<2>()?;
    let (items, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(len)))?;
    let to = from.checked_add(reach)?;
    let items = Items::validate(items, from, to)?;
    (to <= head.version).then_some(((id_hash, Span { head, from, to }, items), rest))
}

/// Writes one span at the beginning of a buffer: as much of the items as fits, in order.
///
/// Returns how many bytes it took and up to which version it goes, or `None` when nothing that brings the
/// receiver further fits.
pub(super) fn write_span<'a>(
    buffer: &mut [u8],
    of: HeadOf,
    from: u64,
    items: impl Iterator<Item = Item<'a>>,
) -> Option<(usize, u64)> {
    // The end of the span stands before its items and is known after them: room for the longest head is left.
    let (mut at, mut last, mut whole) = (SPAN_HEAD_BYTES_MAX, from, true);
    for item in items {
        let free = buffer.get_mut(at..)?;
        if let Some(len) = write_item(free, &item, last) {
            (at, last) = (at.saturating_add(len), item.version);
            continue;
        }
        whole = false;
        let room = free.len().saturating_sub(ITEM_HEAD_BYTES_MAX.saturating_add(item.key.len()));
        if let Some(part) = item.cut(room)
            && let Some(len) = write_item(free, &part, last)
        {
            (at, last) = (at.saturating_add(len), part.version);
        }
        break;
    }
    let to = if whole { of.head.version } else { last };
    if to <= from {
        return None;
    }
    let items_len = at.checked_sub(SPAN_HEAD_BYTES_MAX)?;
    let head_len = of.encode(buffer)?;
    let bounds = postcard::to_slice(&(from, to.checked_sub(from)?), buffer.get_mut(head_len..)?).ok()?.len();
    let start = head_len.checked_add(bounds)?;
    let items_at = start.checked_add(2)?;
    *buffer.get_mut(start..)?.first_chunk_mut::<2>()? = u16::try_from(items_len).ok()?.to_le_bytes();
    buffer.get_mut(..at)?.copy_within(SPAN_HEAD_BYTES_MAX.., items_at);
    Some((items_at.checked_add(items_len)?, to))
}

fn write_item(buffer: &mut [u8], item: &Item<'_>, before: u64) -> Option<usize> {
    const LEN_BYTES: usize = 3;
    let content = ContentWire::of(item.content);
    let wire = ItemWire { step: item.version.checked_sub(before)?, content, key: item.key };
    // Written behind the longest length, then moved behind its own.
    let len = postcard::to_slice(&wire, buffer.get_mut(LEN_BYTES..)?).ok()?.len();
    let prefix = postcard::to_slice(&u32::try_from(len).ok()?, buffer.get_mut(..LEN_BYTES)?).ok()?.len();
    let end = LEN_BYTES.checked_add(len)?;
    buffer.get_mut(..end)?.copy_within(LEN_BYTES.., prefix);
    prefix.checked_add(len)
}
