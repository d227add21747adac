//! What was handed in, as it lies in datagrams: lent where it lies.

use core::ops::Range;

use crate::info::keys;
use crate::vocab::{InfoKind, InfoMut, Lend, Lent, Span, lend_entry};
use crate::wire::{Found, MARKER_BYTES_MAX, Marker, VEIL, find, find_in_happening, find_in_items, fit_checksum, veil};

/// Lends what lies in a datagram of this cluster.
pub(super) fn lend_datagram(bytes: &mut [u8], cluster: u32, lend: &mut Lend<'_>) {
    let Some(found) = find(bytes, cluster) else { return veil(bytes) };
    found.into_iter().for_each(|found| lend_found(bytes, found, lend));
    fit_checksum(bytes);
}

/// Lends the items of a span that has come too early.
pub(super) fn lend_all(bytes: &mut [u8], span: Span, lend: &mut Lend<'_>) {
    for found in find_in_items(bytes, span.from, span.to).unwrap_or_default() {
        lend_found(bytes, found, lend);
    }
}

fn lend_found(bytes: &mut [u8], found: Found, lend: &mut Lend<'_>) {
    match found {
        Found::Entry { key, value } => {
            let (key, value) = both(bytes, key, value);
            lend_entry(key, value, lend);
        }
        Found::Info { key, value, kind } => {
            let (key, value) = both(bytes, key, value);
            lend_info_in_bytes(key, value, kind, lend);
        }
        Found::Plain(place) => lend_plain(bytes.get_mut(place).unwrap_or_default(), lend),
        Found::Unknown(place) => bytes.get_mut(place).unwrap_or_default().fill(0),
    }
}

/// Two parts of bytes; one that is empty lies nowhere.
fn both(bytes: &mut [u8], key: Range<usize>, value: Range<usize>) -> (&mut [u8], &mut [u8]) {
    if value.is_empty() {
        return (bytes.get_mut(key).unwrap_or_default(), &mut []);
    }
    let (before, from) = bytes.split_at_mut_checked(value.start).unwrap_or_default();
    // On the wire some values stand before their keys.
    if key.start < value.start {
        return (before.get_mut(key).unwrap_or_default(), from.get_mut(..value.len()).unwrap_or_default());
    }
    let (value, behind) = from.split_at_mut_checked(value.len()).unwrap_or_default();
    let (offset, len) = (before.len() + value.len(), key.len());
    (behind.get_mut(key.start.saturating_sub(offset)..).and_then(|key| key.get_mut(..len)).unwrap_or_default(), value)
}

/// Lends an info as it lies on the wire.
fn lend_info_in_bytes(key: &mut [u8], value: &mut [u8], kind: Option<InfoKind>, lend: &mut Lend<'_>) {
    match kind {
        None => lend_info(key, InfoMut::None, lend),
        Some(InfoKind::Text) => lend_info(key, InfoMut::Text(value), lend),
        Some(InfoKind::Bytes) => lend_info(key, InfoMut::Bytes(value), lend),
        Some(InfoKind::Int) => {
            let mut number = postcard::from_bytes(value).unwrap_or_default();
            lend_info(key, InfoMut::Int(&mut number), lend);
            write_as_long(number, value);
        }
        Some(InfoKind::Float) => {
            let Some(bits) = value.first_chunk_mut() else { return };
            let mut number = f64::from_bits(u64::from_le_bytes(*bits));
            lend_info(key, InfoMut::Float(&mut number), lend);
            *bits = number.to_bits().to_le_bytes();
        }
    }
}

/// Writes a number of no more bytes into the place of one; where it was longer than it need be, so is this one.
fn write_as_long(number: i64, place: &mut [u8]) {
    let Ok(written) = postcard::to_slice(&number, place).map(|written| written.len()) else { return };
    let more = place.get_mut(written.saturating_sub(1)..).unwrap_or_default();
    if let [first, .., _] = more {
        *first |= 0x80;
    }
    if let [_, between @ .., last] = more {
        between.fill(0x80);
        *last = 0;
    }
}

/// Lends a key and a value of an info. Where a node listens is no content, nor is to whom the answers to a query go.
pub(super) fn lend_info(key: &mut [u8], value: InfoMut<'_>, lend: &mut Lend<'_>) {
    let (is_node, is_event) = (keys::node_of(key).is_some(), keys::is_event(key));
    lend_info_key(key, lend);
    match value {
        InfoMut::None => {}
        InfoMut::Int(number) => lend(Lent::Int(number)),
        InfoMut::Float(number) => lend(Lent::Float(number)),
        InfoMut::Text(text) => lend(Lent::Text(text)),
        InfoMut::Bytes(bytes) if is_event => match find_in_happening(bytes) {
            Some(found) => found.into_iter().for_each(|found| lend_found(bytes, found, lend)),
            None => bytes.fill(VEIL),
        },
        InfoMut::Bytes(bytes) => match marker_len(bytes).filter(|_| is_node) {
            Some(len) => bytes.get_mut(len..).unwrap_or_default().fill(0),
            None => lend(Lent::Record(bytes)),
        },
    }
}

/// How long the marker is with which bytes begin; behind it is what a later release says.
fn marker_len(bytes: &[u8]) -> Option<usize> {
    let mut buffer = [0; MARKER_BYTES_MAX];
    let len = Marker::decode(bytes)?.encode(&mut buffer);
    bytes.starts_with(buffer.get(..len)?).then_some(len)
}

/// Lends a key of an info, or a text with which keys begin. What is reserved stays so.
pub(super) fn lend_info_key(key: &mut [u8], lend: &mut Lend<'_>) {
    if let Some(text) = keys::group_of(key).map(|group| group.pattern.text.len()) {
        let (head, text) = key.split_at_mut(key.len() - text);
        lend(Lent::Kept(head));
        return lend(Lent::Key(text));
    }
    if keys::is_event_key(key) || keys::node_of(key).is_some() || key == keys::SENTINEL {
        return lend(Lent::Kept(key));
    }
    if let Some(reserved) = keys::reserved_prefix(key) {
        lend(Lent::Kept(reserved));
    }
    lend(Lent::Key(key));
}

/// Lends something of which it only matters whether it is the same.
pub(super) fn lend_plain(bytes: &mut [u8], lend: &mut Lend<'_>) {
    lend(Lent::Value(bytes));
}
