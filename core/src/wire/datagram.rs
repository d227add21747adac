//! One whole datagram, read and validated in one pass.

use core::net::SocketAddr;

use super::ages::Ages;
use super::body::{Body, Sender, decode};
use super::error::DecodeError;
use super::heads::Heads;
use super::heartbeats::Heartbeats;
use super::pieces::Pieces;
use super::record::{AddrWire, Records};
use super::spans::Spans;
use super::{FIRST_VERSION, FRAME_BYTES, MAGIC, is_readable, kind};
use crate::vocab::{Cookie, Rates, stable_hash};

/// How a list of records came to be, and so how it may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    /// Fresh facts, to be told on.
    Rumours,
    /// An answer to a question (join or repair), not to be told on.
    Bulk,
}

impl RecordKind {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Rumours => kind::RUMOURS,
            Self::Bulk => kind::BULK,
        }
    }
}

/// A valid datagram, borrowed from the bytes that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Datagram<'a> {
    pub(crate) sender: Sender,
    pub(crate) body: Body<'a>,
    pub(crate) rumours: Records<'a>,
    pub(crate) bulk: Records<'a>,
    /// How far the sender's copies of some maps have come, and what to ask for the rest with.
    pub(crate) heads: Option<(Cookie, Heads<'a>)>,
    /// The same of copies whose changes the sender was asked for and has not told to the end.
    pub(crate) more: Option<(Cookie, Heads<'a>)>,
    /// How far the sender's copies have come of which it asks for the rest, and the cookie that it got.
    pub(crate) asks: Option<(Cookie, Heads<'a>)>,
    pub(crate) changes: Spans<'a>,
    /// What the sender desires to write and is permitted to, when it is held back.
    pub(crate) rates: Option<Rates>,
    /// How much more the receiver is permitted now, or less.
    pub(crate) share: Option<i64>,
    /// Where the heartbeats of members stand, as far as the sender knows.
    pub(crate) heartbeats: Heartbeats<'a>,
    /// What goes over a link.
    pub(crate) pieces: Pieces<'a>,
    /// How old is what the sender heard of voters.
    pub(crate) ages: Option<Ages<'a>>,
    /// Whether the sender asks how far the receiver's copy of its map has come.
    pub(crate) confirm: bool,
    /// At which of the receiver's addresses it is asked, where that is not the one that its record tells.
    pub(crate) asked_at: Option<SocketAddr>,
}

impl<'a> Datagram<'a> {
    /// Reads a datagram of the given cluster.
    pub(crate) fn decode(bytes: &'a [u8], cluster: u32) -> Result<Self, DecodeError> {
        let mut rest = frame(bytes, cluster)?;
        let mut sender = None;
        let mut body = Body::None;
        let (mut rumours, mut bulk) = (None, None);
        let (mut heads, mut more, mut asks, mut changes) = (None, None, None, None);
        let (mut rates, mut share, mut heartbeats, mut pieces) = (None, None, None, None);
        let (mut ages, mut confirm, mut asked_at) = (None, false, None);
        while let Some((&kind, tail)) = rest.split_first() {
            let (content, tail) = section(tail).ok_or(DecodeError::Cut { kind })?;
            rest = tail;
            match kind {
                kind::SENDER => put(&mut sender, Sender::decode(content), kind)?,
                kind::PING..=kind::STATE_DIGEST => {
                    if let Some(value) = known_body(kind, content)? {
                        once(kind, body == Body::None)?;
                        body = value;
                    }
                }
                kind::RUMOURS => put(&mut rumours, Records::validate(content), kind)?,
                kind::BULK => put(&mut bulk, Records::validate(content), kind)?,
                kind::HEADS => put(&mut heads, with_cookie(content), kind)?,
                kind::MORE => put(&mut more, with_cookie(content), kind)?,
                kind::ASKS => put(&mut asks, with_cookie(content), kind)?,
                kind::CHANGES => put(&mut changes, Spans::validate(content), kind)?,
                kind::CONFIRM => once(kind, !core::mem::replace(&mut confirm, true))?,
                kind::RATES => {
                    let value = decode(content).map(|(desired, permitted)| Rates { desired, permitted });
                    put(&mut rates, value, kind)?;
                }
                kind::SHARE => put(&mut share, decode(content), kind)?,
                kind::PIECES => put(&mut pieces, Pieces::validate(content), kind)?,
                kind::AGES => put(&mut ages, Ages::decode(content), kind)?,
                kind::ASKED_AT => {
                    put(&mut asked_at, decode(content).map(|wire: AddrWire| wire.addr()), kind)?;
                }
                kind::HEARTBEATS => once(kind, heartbeats.replace(Heartbeats::new(content)).is_none())?,
                _ => {}
            }
        }
        let sender = sender.ok_or(DecodeError::NoSender)?;
        Ok(Self {
            sender,
            body,
            rumours: rumours.unwrap_or_default(),
            bulk: bulk.unwrap_or_default(),
            heads,
            more,
            asks,
            changes: changes.unwrap_or_default(),
            rates,
            share,
            heartbeats: heartbeats.unwrap_or_default(),
            pieces: pieces.unwrap_or_default(),
            ages,
            confirm,
            asked_at,
        })
    }
}

/// Takes what a section says, of which there is at most one of its kind.
fn put<T>(place: &mut Option<T>, value: Option<T>, kind: u8) -> Result<(), DecodeError> {
    let value = value.ok_or(DecodeError::Malformed { kind })?;
    once(kind, place.replace(value).is_none())
}

/// A list of heads behind a cookie.
fn with_cookie(bytes: &[u8]) -> Option<(Cookie, Heads<'_>)> {
    let (&cookie, heads) = bytes.split_first_chunk()?;
    Some((Cookie(cookie), Heads::validate(heads)?))
}

/// Checks the frame and returns the sections behind it.
fn frame(bytes: &[u8], cluster: u32) -> Result<&[u8], DecodeError> {
    let too_short = DecodeError::TooShort { len: bytes.len() };
    let (&[m0, m1, version, flags, c0, c1, c2, c3, s0, s1, s2, s3], sections) =
        bytes.split_first_chunk::<FRAME_BYTES>().ok_or(too_short)?;
    if [m0, m1] != MAGIC {
        return Err(DecodeError::NotOurs);
    }
    if !is_readable(version) {
        return Err(DecodeError::Version { found: version });
    }
    if flags != 0 {
        return Err(DecodeError::Flags { found: flags });
    }
    let found = u32::from_le_bytes([c0, c1, c2, c3]);
    if found != cluster {
        return Err(DecodeError::Cluster { found });
    }
    if u32::from_le_bytes([s0, s1, s2, s3]) != checksum(version, found, sections) {
        return Err(DecodeError::Damaged);
    }
    Ok(sections)
}

/// What the checksum of these sections is: UDP's own has 16 bits, and a damaged datagram that still decodes
/// would be believed. It covers the version, of which only a part is compared with what it must be; the frame's other
/// fields need none.
#[expect(clippy::cast_possible_truncation, reason = "the short form is wanted")]
pub(crate) fn checksum(version: u8, cluster: u32, sections: &[u8]) -> u32 {
    let [c0, c1, c2, c3] = cluster.to_le_bytes();
    stable_hash(u64::from_le_bytes([c0, c1, c2, c3, version ^ FIRST_VERSION, 0, 0, 0]), sections) as u32
}

/// Makes the checksum of a datagram fit what is in it: for the writer, and for fuzzing what lies behind it.
/// Bytes that are no datagram stay as they are.
pub fn fit_checksum(bytes: &mut [u8]) {
    let Some((frame, sections)) = bytes.split_first_chunk_mut::<FRAME_BYTES>() else { return };
    let [_, _, version, _, c0, c1, c2, c3, s0, s1, s2, s3] = frame;
    let sum = checksum(*version, u32::from_le_bytes([*c0, *c1, *c2, *c3]), sections);
    [*s0, *s1, *s2, *s3] = sum.to_le_bytes();
}

/// Splits a section's content from what follows; the kind is already taken.
pub(super) fn section(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, mut rest) = bytes.split_first()?;
    let mut len = usize::from(first & 0x7f);
    let mut more = first & 0x80 != 0;
    for shift in [7_u32, 14] {
        if !more {
            break;
        }
        let (&byte, tail) = rest.split_first()?;
        len |= usize::from(byte & 0x7f) << shift;
        more = byte & 0x80 != 0;
        rest = tail;
    }
    if more { None } else { rest.split_at_checked(len) }
}

/// The body of a kind that this release knows, or `None` for one of a later release.
fn known_body(kind: u8, content: &[u8]) -> Result<Option<Body<'_>>, DecodeError> {
    let known = matches!(
        kind,
        kind::PING..=kind::NACK | kind::JOIN..=kind::NOTE | kind::SUMMARY..=kind::STATE_DIGEST
    );
    if known { Body::decode(kind, content).ok_or(DecodeError::Malformed { kind }).map(Some) } else { Ok(None) }
}

const fn once(kind: u8, first: bool) -> Result<(), DecodeError> {
    if first { Ok(()) } else { Err(DecodeError::Repeated { kind }) }
}

/// Decodes bytes as a datagram of a cluster and forgets the result: the entry point for fuzzing.
///
/// # Errors
/// Whatever [`DecodeError`] the bytes deserve.
pub fn probe_decoder(bytes: &[u8], cluster: u32) -> Result<(), DecodeError> {
    Datagram::decode(bytes, cluster).map(|datagram| {
        let records = datagram.rumours.count().saturating_add(datagram.bulk.count());
        let lists = [datagram.heads, datagram.more, datagram.asks];
        let heads = lists.into_iter().flatten().flat_map(|(_, heads)| heads).count();
        let items: usize = datagram.changes.map(|(_, _, items)| items.count()).sum();
        let pieces = datagram.pieces.count();
        debug_assert!(records.max(heads).max(items).max(pieces) <= bytes.len());
    })
}
