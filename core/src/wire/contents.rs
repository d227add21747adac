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

/// Lets bytes that nobody can read take the place of what is no datagram of this cluster, nor is afterwards, for a reason of the
/// same kind.
pub(crate) fn veil(bytes: &mut [u8]) {
    let kept = if bytes.starts_with(&MAGIC) { FRAME_BYTES } else { 0 };
    bytes.iter_mut().skip(kept).for_each(|byte| *byte = VEIL);
}

/// Stands for what cannot be read, and is read as nothing.
pub(crate) const VEIL: u8 = 0xff;

/// What lies in a datagram of this cluster; `None` of what is no such datagram.
pub(crate) fn find(bytes: &[u8], cluster: u32) -> Option<Vec<Found>> {
    Datagram::decode(bytes, cluster).ok()?;
    let mut finder = Finder { whole: bytes, found: Vec::new() };
    let sections = bytes.get(FRAME_BYTES..).unwrap_or_default();
    finder.sections(sections)?;
    Some(finder.found)
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
            _ => postcard::take_from_bytes(content).ok().map(|(body, later)| {
                let part = if let LinkBody::Answer { payload, .. } = body { payload } else { &[] };
                (part, later)
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

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::super::{Body, Note, Piece, Sender, Writer, fit_checksum};
    use super::*;
    use crate::vocab::{Incarnation, InfoItem, InfoTold, InfoVersion, NodeId, Origin};

    /// A datagram with what is written.
    fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let sender = Sender { id: NodeId::from_u128(1), incarnation: Incarnation::first(1), fingerprint: 0, state: 0 };
        let mut bytes = vec![0; 512];
        let mut writer = Writer::begin(&mut bytes, 7, &sender).expect("there is room");
        write(&mut writer);
        let len = writer.finish();
        bytes.truncate(len);
        bytes
    }

    fn with_note(bytes: &[u8]) -> Vec<u8> {
        written(|writer| assert!(writer.body(&Body::Note(Note { to: NodeId::from_u128(2), bytes })), "there is room"))
    }

    fn with_number(number: i64) -> Vec<u8> {
        let version = InfoVersion { counter: 1, origin: Origin { id: NodeId::from_u128(1), boot: 1 } };
        let item =
            InfoItem { key: b"key", value: Some(InfoValue::Int(number)), version, stamp: 1, hops: 0, left_ms: None };
        written(|writer| {
            writer.open_pieces();
            assert!(writer.piece(&Piece::News(InfoTold { item, from: 0 })), "there is room");
        })
    }

    /// What is at the places of what was found, but for nothing.
    fn at(bytes: &[u8], place: &Range<usize>) -> Vec<u8> {
        bytes.get(place.clone()).unwrap_or_default().to_vec()
    }

    #[test]
    fn it_is_found_where_it_lies_and_so_is_what_a_later_release_says() {
        let mut bytes = with_note(b"a note");
        bytes.extend([0x7e, 3, 1, 2, 3]);
        fit_checksum(&mut bytes);
        let found = find(&bytes, 7).expect("it can be read");
        let parts: Vec<_> = found
            .iter()
            .map(|found| match found {
                Found::Plain(place) => (true, at(&bytes, place)),
                Found::Unknown(place) => (false, at(&bytes, place)),
                Found::Entry { .. } | Found::Info { .. } => panic!("there is none"),
            })
            .filter(|(_, part)| !part.is_empty())
            .collect();
        let (note, later) = ((true, b"a note".to_vec()), (false, vec![1, 2, 3]));
        assert_eq!((parts.first(), parts.last()), (Some(&note), Some(&later)));
        let empty = find(&with_note(b""), 7).expect("it can be read");
        assert_eq!(empty.first(), Some(&Found::Plain(0..0)));
    }

    #[test]
    fn a_number_is_found_also_where_it_is_longer_than_it_need_be() {
        let bytes = with_number(300);
        let found = find(&bytes, 7).expect("it can be read");
        let Some(Found::Info { key, value, kind: Some(InfoKind::Int) }) = found.first() else { panic!("{found:?}") };
        assert_eq!((at(&bytes, key), at(&bytes, value)), (b"key".to_vec(), vec![0xd8, 0x04]));
        // The same number with a byte more: of it, its piece and its section.
        let (mut longer, end) = (bytes.clone(), value.end);
        longer.splice(value.clone(), [0xd8, 0x84, 0x00]);
        let section = bytes.iter().rposition(|&byte| byte == kind::PIECES).expect("there is one");
        for length in [section.saturating_add(1), section.saturating_add(5)] {
            longer.get_mut(length).into_iter().for_each(|byte| *byte = byte.saturating_add(1));
        }
        fit_checksum(&mut longer);
        assert!(end > section, "the value is in the section");
        let found = find(&longer, 7).expect("it can be read");
        let Some(Found::Info { value, .. }) = found.first() else { panic!("{found:?}") };
        assert_eq!(at(&longer, value), [0xd8, 0x84, 0x00]);
    }

    #[test]
    fn what_cannot_be_read_cannot_be_read_for_the_same_reason_afterwards() {
        let valid = with_note(b"a note");
        let mut damaged = valid.clone();
        damaged.iter_mut().skip(20).for_each(|byte| *byte ^= 1);
        for (bytes, cluster) in
            [(valid, 8), (damaged, 7), (b"a secret".to_vec(), 7), (b"a secret of others".to_vec(), 7)]
        {
            let mut veiled = bytes.clone();
            veil(&mut veiled);
            assert_eq!(find(&bytes, cluster), None);
            assert_eq!(Datagram::decode(&bytes, cluster).err(), Datagram::decode(&veiled, cluster).err());
            assert!(veiled.iter().skip(FRAME_BYTES).all(|&byte| byte == VEIL));
            assert!(!veiled.windows(4).any(|window| window == b"note" || window == b"secr"));
        }
    }
}
