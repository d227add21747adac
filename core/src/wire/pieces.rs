//! What goes over a link: infos, announcements, questions, and who need not tell what.
//!
//! ```text
//! piece  kind u8 · length (varint) · body (postcard)
//! ```
//!
//! Pieces of a kind that is not known are skipped, and so is what stands behind a body.

use serde::{Deserialize, Serialize};

use super::body::decode;
use crate::vocab::{InfoItem, InfoTold, InfoValue, InfoVersion, NodeId, Origin};

/// One thing that is told to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// An info.
    News(InfoTold<'a>),
    /// How far the news of a life has come to the sender, and over how many hops.
    Word { life: u64, stamp: u64, hops: u8 },
    /// "Tell me what you have of this life above this stamp, and everything that comes."
    Graft { life: u64, have: u64 },
    /// "Only announce what comes of this life."
    Prune { life: u64 },
}

/// No piece takes more than this besides a key, a text and a value.
pub(super) const PIECE_BYTES_MAX: usize = 1 + 3 + 16 + 10 + 10 + 10 + 10 + 1 + 6 + 1 + 5 + 5 + 10;

mod kind {
    pub(super) const NEWS: u8 = 1;
    pub(super) const WORD: u8 = 2;
    pub(super) const GRAFT: u8 = 3;
    pub(super) const PRUNE: u8 = 4;
}

#[derive(Serialize, Deserialize)]
struct NewsWire<'a> {
    id: [u8; 16],
    boot: u64,
    from: u64,
    /// How far its stamp is above `from`.
    step: u64,
    counter: u64,
    hops: u8,
    left_ms: Option<u32>,
    #[serde(borrow)]
    key: &'a [u8],
    #[serde(borrow)]
    value: ValueWire<'a>,
}

#[derive(Serialize, Deserialize)]
enum ValueWire<'a> {
    Gone,
    Int(i64),
    /// Its bits: what is no number comes as it went.
    Float([u8; 8]),
    Text(#[serde(borrow)] &'a str),
    Bytes(#[serde(borrow)] &'a [u8]),
}

impl<'a> NewsWire<'a> {
    const fn of(told: &InfoTold<'a>) -> Option<Self> {
        let InfoTold { item, from } = *told;
        let InfoItem { key, value, version: InfoVersion { counter, origin }, stamp, hops, left_ms } = item;
        let Some(step) = stamp.checked_sub(from) else { return None };
        let value = match value {
            None => ValueWire::Gone,
            Some(InfoValue::Int(number)) => ValueWire::Int(number),
            Some(InfoValue::Float(number)) => ValueWire::Float(number.to_bits().to_le_bytes()),
            Some(InfoValue::Text(text)) => ValueWire::Text(text),
            Some(InfoValue::Bytes(bytes)) => ValueWire::Bytes(bytes),
        };
        let Origin { id, boot } = origin;
        Some(Self { id: id.to_bytes(), boot, from, step, counter, hops, left_ms, key, value })
    }

    fn told(&self) -> Option<InfoTold<'a>> {
        let Self { id, boot, from, step, counter, hops, left_ms, key, .. } = *self;
        let value = match self.value {
            ValueWire::Gone => None,
            ValueWire::Int(number) => Some(InfoValue::Int(number)),
            ValueWire::Float(bits) => Some(InfoValue::Float(f64::from_bits(u64::from_le_bytes(bits)))),
            ValueWire::Text(text) => Some(InfoValue::Text(text)),
            ValueWire::Bytes(bytes) => Some(InfoValue::Bytes(bytes)),
        };
        let version = InfoVersion { counter, origin: Origin { id: NodeId::from_bytes(id), boot } };
        let stamp = from.checked_add(step)?;
        Some(InfoTold { item: InfoItem { key, value, version, stamp, hops, left_ms }, from })
    }
}

impl<'a> Piece<'a> {
    const fn kind(&self) -> u8 {
        match self {
            Self::News(_) => kind::NEWS,
            Self::Word { .. } => kind::WORD,
            Self::Graft { .. } => kind::GRAFT,
            Self::Prune { .. } => kind::PRUNE,
        }
    }

    /// Writes the piece; `None`, and nothing that counts written, when it does not fit. Returns its length.
    pub(super) fn encode(&self, buffer: &mut [u8]) -> Option<usize> {
        const HEAD_BYTES: usize = 4;
        // Written behind the longest head, then moved behind its own.
        let free = buffer.get_mut(HEAD_BYTES..)?;
        let body = match *self {
            Self::News(told) => postcard::to_slice(&NewsWire::of(&told)?, free),
            Self::Word { life, stamp, hops } => postcard::to_slice(&(life.to_le_bytes(), stamp, hops), free),
            Self::Graft { life, have } => postcard::to_slice(&(life.to_le_bytes(), have), free),
            Self::Prune { life } => postcard::to_slice(&life.to_le_bytes(), free),
        };
        let len = body.ok()?.len();
        let (first, rest) = buffer.split_first_mut()?;
        *first = self.kind();
        let length = postcard::to_slice(&u32::try_from(len).ok()?, rest.get_mut(..HEAD_BYTES.checked_sub(1)?)?).ok()?;
        let head = length.len().checked_add(1)?;
        let end = HEAD_BYTES.checked_add(len)?;
        buffer.get_mut(..end)?.copy_within(HEAD_BYTES.., head);
        head.checked_add(len)
    }

    /// The piece of a kind that is known; `None` when the bytes are not one.
    fn decode(number: u8, bytes: &'a [u8]) -> Option<Self> {
        Some(match number {
            kind::NEWS => Self::News(decode::<NewsWire<'a>>(bytes)?.told()?),
            kind::WORD => {
                let (life, stamp, hops) = decode(bytes)?;
                Self::Word { life: u64::from_le_bytes(life), stamp, hops }
            }
            kind::GRAFT => {
                let (life, have) = decode(bytes)?;
                Self::Graft { life: u64::from_le_bytes(life), have }
            }
            kind::PRUNE => Self::Prune { life: u64::from_le_bytes(decode(bytes)?) },
            _ => return None,
        })
    }
}

/// A validated list of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pieces<'a> {
    bytes: &'a [u8],
}

impl<'a> Pieces<'a> {
    /// Accepts bytes that are whole pieces; those of a known kind can be read.
    pub(super) fn validate(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (kind, body, behind) = split(rest)?;
            if (kind::NEWS..=kind::PRUNE).contains(&kind) {
                Piece::decode(kind, body)?;
            }
            rest = behind;
        }
        Some(Self { bytes })
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            let (kind, body, rest) = split(self.bytes)?;
            self.bytes = rest;
            if let Some(piece) = Piece::decode(kind, body) {
                return Some(piece);
            }
        }
    }
}

/// Something that lies in a piece.
pub(super) enum Lies<'a> {
    /// An info, the bytes of its value, and what a later release has written behind it.
    News(InfoTold<'a>, &'a [u8], &'a [u8]),
    /// Something of a later release.
    Later(&'a [u8]),
    /// Nothing that was handed in.
    Nothing,
}

/// What lies in the first piece, and what follows; `None` when it cannot be told where.
pub(super) fn take_what_lies(bytes: &[u8]) -> Option<(Lies<'_>, &[u8])> {
    let (number, body, rest) = split(bytes)?;
    let lies = match number {
        kind::NEWS => {
            let (wire, later) = postcard::take_from_bytes::<NewsWire<'_>>(body).ok()?;
            let told = wire.told()?;
            let written = body.get(..body.len().checked_sub(later.len())?)?;
            // The value comes last, and behind its length if it has one.
            let len = match wire.value {
                ValueWire::Gone => 0,
                ValueWire::Int(_) => number_len(written),
                ValueWire::Float(ref bits) => bits.len(),
                ValueWire::Text(text) => text.len(),
                ValueWire::Bytes(bytes) => bytes.len(),
            };
            let (_, place) = written.split_at_checked(written.len().checked_sub(len)?)?;
            Lies::News(told, place, later)
        }
        kind::WORD..=kind::PRUNE => Lies::Nothing,
        _ => Lies::Later(body),
    };
    Some((lies, rest))
}

/// How many bytes the variable-length number at the end has, which may be written longer than it need be: all but the last one
/// say that another one follows.
fn number_len(bytes: &[u8]) -> usize {
    let before = bytes.iter().rev().skip(1).take_while(|&&byte| byte >= 0x80).count();
    before.saturating_add(1).min(bytes.len())
}

/// Kind and body of the first piece, and what follows.
fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    let (len, rest) = postcard::take_from_bytes::<u32>(rest).ok()?;
    let (body, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    Some((kind, body, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Option<crate::vocab::OwnedInfoValue>> {
        use crate::vocab::OwnedInfoValue as V;
        prop_oneof![
            Just(None),
            any::<i64>().prop_map(|n| Some(V::Int(n))),
            any::<u64>().prop_map(|bits| Some(V::Float(f64::from_bits(bits)))),
            ".{0,20}".prop_map(|text: std::string::String| Some(V::Text(text.into()))),
            prop::collection::vec(any::<u8>(), 0..50).prop_map(|bytes| Some(V::Bytes(bytes.into()))),
        ]
    }

    fn read(bytes: &[u8]) -> std::vec::Vec<Piece<'_>> {
        Pieces::validate(bytes).map(Iterator::collect).unwrap_or_default()
    }

    proptest! {
        #[test]
        fn news_comes_as_it_went(
            (key, value) in (prop::collection::vec(any::<u8>(), 0..40), value()),
            (id, boot, counter) in (any::<u128>(), any::<u64>(), any::<u64>()),
            (from, step, hops, left_ms) in (0..1_u64 << 60, 0..1_u64 << 60, any::<u8>(), any::<Option<u32>>()),
        ) {
            let origin = Origin { id: NodeId::from_u128(id), boot };
            let value = value.as_ref().map(crate::vocab::OwnedInfoValue::borrowed);
            let (version, stamp) = (InfoVersion { counter, origin }, from.saturating_add(step));
            let item = InfoItem { key: &key, value, version, stamp, hops, left_ms };
            let piece = Piece::News(InfoTold { item, from });
            let mut buffer = [0; 300];
            let len = piece.encode(&mut buffer).expect("there is room");
            prop_assert!(len <= PIECE_BYTES_MAX + 90);
            prop_assert_eq!(buffer.get(..len).map(read), Some(std::vec![piece]));
            for short in 0..len {
                prop_assert_eq!(buffer.get(..short).map(read), Some(std::vec![]));
                prop_assert_eq!([0; 300].get_mut(..short).and_then(|buffer| piece.encode(buffer)), None);
            }
        }

        #[test]
        fn any_bytes_are_pieces_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(read(&bytes).len() <= bytes.len());
        }
    }

    #[test]
    fn small_pieces_come_as_they_went_and_unknown_ones_are_skipped() {
        let pieces = [
            Piece::Word { life: 7, stamp: 1 << 40, hops: 3 },
            Piece::Graft { life: u64::MAX, have: 0 },
            Piece::Prune { life: 9 },
        ];
        let mut bytes = std::vec![200, 2, 1, 1];
        for piece in pieces {
            let mut buffer = [0; 64];
            let len = piece.encode(&mut buffer).expect("there is room");
            bytes.extend(buffer.iter().take(len));
        }
        assert_eq!(read(&bytes), pieces);
    }
}
