//! Where in a datagram lies what an application has handed in?

use alloc::vec::Vec;
use core::ops::Range;

use super::datagram::{Datagram, section};
use super::happening::Happening;
use super::links::LinkBody;
use super::pieces::{Lies, take_what_lies};
use super::spans::{Items, Spans};
use super::{FRAME_BYTES, MAGIC, kind};
use crate::vocab::{InfoKind, InfoValue, Nonce};

type LetterWire<'a> = (Nonce, u64, [u8; 16], u64, &'a [u8]);

/// Something that lies in bytes, by its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// A key of a map, and what is there of its value: whole grains, or the last ones.
    Entry { key: Range<usize>, value: Range<usize> },
    /// A key of an info, and its value: a variable-length integer, eight bytes, text or bytes.
    Info { key: Range<usize>, value: Range<usize>, kind: Option<InfoKind> },
    /// Something of which it only matters whether it is the same.
    Plain(Range<usize>),
    /// Something that this release does not know.
    Unknown(Range<usize>),
}

/// Why it is not found what lies in a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfound {
    /// It is no datagram of this cluster.
    NoDatagram,
    /// A number in it is written longer than it need be.
    Overlong,
}

/// Lets bytes that nobody can read take the place of what is no datagram of this cluster, nor is afterwards, for a reason of the
/// same kind.
pub(crate) fn veil(bytes: &mut [u8]) {
    let kept = if bytes.starts_with(&MAGIC) { FRAME_BYTES } else { 0 };
    bytes.iter_mut().skip(kept).for_each(|byte| *byte = VEIL);
}

/// Stands for what cannot be read, and is read as nothing.
pub(crate) const VEIL: u8 = 0xff;

/// What lies in a datagram of this cluster.
pub(crate) fn find(bytes: &[u8], cluster: u32) -> Result<Vec<Found>, Unfound> {
    Datagram::decode(bytes, cluster).map_err(|_| Unfound::NoDatagram)?;
    let mut finder = Finder { whole: bytes, found: Vec::new() };
    let sections = bytes.get(FRAME_BYTES..).unwrap_or_default();
    // All of it was read once.
    finder.sections(sections).ok_or(Unfound::Overlong)?;
    Ok(finder.found)
}

/// What lies in items of a map; `None` when they cannot be read.
pub(crate) fn find_in_items(bytes: &[u8], from: u64, to: u64) -> Option<Vec<Found>> {
    let mut finder = Finder { whole: bytes, found: Vec::new() };
    finder.items(Items::validate(bytes, from, to)?);
    Some(finder.found)
}

/// What lies in the value of an info that carries an event; `None` when it cannot be read.
pub(crate) fn find_in_happening(bytes: &[u8]) -> Option<Vec<Found>> {
    let (Happening { name, payload, .. }, later) = postcard::take_from_bytes(bytes).ok()?;
    let mut finder = Finder { whole: bytes, found: Vec::new() };
    finder.plain(name);
    finder.plain(payload);
    finder.unknown(later);
    Some(finder.found)
}

struct Finder<'a> {
    whole: &'a [u8],
    found: Vec<Found>,
}

impl Finder<'_> {
    /// The place of a part of the whole.
    fn place(&self, part: &[u8]) -> Range<usize> {
        if part.is_empty() {
            return 0..0;
        }
        let start = part.as_ptr().addr().saturating_sub(self.whole.as_ptr().addr());
        start..start.saturating_add(part.len())
    }

    fn plain(&mut self, part: &[u8]) {
        let place = self.place(part);
        self.found.push(Found::Plain(place));
    }

    fn unknown(&mut self, part: &[u8]) {
        let place = self.place(part);
        self.found.push(Found::Unknown(place));
    }

    fn sections(&mut self, mut rest: &[u8]) -> Option<()> {
        while let Some((&kind, tail)) = rest.split_first() {
            let (content, tail) = section(tail)?;
            rest = tail;
            match kind {
                kind::LETTER | kind::NOTE | kind::LINK => self.body(kind, content)?,
                kind::CHANGES => Spans::validate(content)?.for_each(|(_, _, items)| self.items(items)),
                kind::PIECES => self.pieces(content)?,
                kind::SENDER
                | kind::PING..=kind::NACK
                | kind::JOIN..=kind::CLAIM
                | kind::SUMMARY..=kind::STATE_DIGEST
                | kind::RUMOURS..=kind::ASKS
                | kind::MORE..=kind::HEARTBEATS
                | kind::AGES
                | kind::ASKED_AT => {}
                _ => self.unknown(content),
            }
        }
        Some(())
    }

    /// What is in a body, and what a later release has written behind it.
    fn body(&mut self, kind: u8, content: &[u8]) -> Option<()> {
        let (part, later) = match kind {
            kind::LETTER => {
                postcard::take_from_bytes::<LetterWire<'_>>(content).ok().map(|(wire, later)| (wire.4, later))
            }
            kind::NOTE => {
                postcard::take_from_bytes::<([u8; 16], &[u8])>(content).ok().map(|(wire, later)| (wire.1, later))
            }
            _ => postcard::take_from_bytes(content).ok().map(|(body, later)| match body {
                LinkBody::Answer { payload, .. } => (payload, later),
                _ => (&[][..], later),
            }),
        }?;
        self.plain(part);
        self.unknown(later);
        Some(())
    }

    fn items(&mut self, mut items: Items<'_>) {
        while let Some((item, later)) = items.next_with_later() {
            let (key, value) = (self.place(item.key), self.place(item.bytes().1));
            self.found.push(Found::Entry { key, value });
            self.unknown(later);
        }
    }

    fn pieces(&mut self, mut rest: &[u8]) -> Option<()> {
        while !rest.is_empty() {
            let (lies, behind) = take_what_lies(rest)?;
            rest = behind;
            match lies {
                Lies::News(told, value, later) => {
                    let (key, value) = (self.place(told.item.key), self.place(value));
                    self.found.push(Found::Info { key, value, kind: told.item.value.map(InfoValue::kind) });
                    self.unknown(later);
                }
                Lies::Later(body) => self.unknown(body),
                Lies::Nothing => {}
            }
        }
        Some(())
    }
}
