//! How does a recording lie in a file, and what of it can be read?
//!
//! Sixteen bytes that say what it is, and again before each opening, so that a file may begin with any. Then pieces: a length and
//! a sum of four bytes each, little-endian, then the payload, which is an opening or many steps.
//!
//! A process may be killed at any moment, and the next one may be of another build: what cannot be read is passed over up to the
//! next opening, and what is whole counts.

use quidnunc_core::stable_hash;
use serde::{Deserialize, Serialize};

use crate::calls::Step;
use crate::frozen::layout;

/// What a recording begins with.
pub(crate) const MAGIC: &[u8; 16] = b"quidnunc record\n";

/// Whether bytes begin as a recording does.
#[must_use]
pub fn is_recording(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Before each payload.
const HEAD_BYTES: usize = 8;

/// So many times as long as a file is what is summed up of it, about, whatever it holds.
const SUMMED_TIMES: usize = 4;

const OPENING: u8 = 1;
const STEPS: u8 = 2;

/// A node, when a recording of it begins: what follows begins with it, whatever was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening<'a> {
    /// Which builds can read the node.
    pub(crate) layout: u64,
    /// Which program recorded it, with its version.
    pub program: &'a str,
    /// What the node is called.
    pub name: &'a str,
    /// What the wall's clock said: milliseconds since 1970.
    pub unix_ms: u64,
    /// What the node's clock said, in nanoseconds.
    pub at: u64,
    /// Whether nothing has happened to the node since the step before; never where no step is before.
    pub follows: bool,
    /// The frozen node.
    pub node: &'a [u8],
}

/// A part of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A node to go on from.
    Opening(Opening<'a>),
    /// What happened to it then.
    Steps(Steps<'a>),
}

/// Calls, one after the other. They are read when they are played: in memory they are far larger than here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps<'a> {
    bytes: &'a [u8],
    count: u64,
}

impl<'a> Steps<'a> {
    /// The calls in bytes, if they are nothing else.
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let (mut rest, mut count) = (bytes, 0);
        while !rest.is_empty() {
            (_, rest) = postcard::take_from_bytes::<Step<'a>>(rest).ok()?;
            count += 1;
        }
        Some(Self { bytes, count })
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }
}

impl<'a> Iterator for Steps<'a> {
    type Item = Step<'a>;

    fn next(&mut self) -> Option<Step<'a>> {
        // They were all read once.
        let (step, rest) = postcard::take_from_bytes(self.bytes).ok()?;
        self.bytes = rest;
        Some(step)
    }
}

/// A recording that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tape<'a> {
    /// Its parts, the first of which is an opening.
    pub pieces: Vec<Piece<'a>>,
    /// How many bytes belong to no whole piece, as where a recording was cut short.
    pub cut: usize,
}

/// A file is no recording, or none that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TapeError {
    /// It does not begin like one.
    #[error("not a recording: it does not begin with \"quidnunc record\"")]
    NoRecording,
    /// It ends before its first node is whole.
    #[error("nothing was recorded: the file ends before the first node is whole")]
    Empty,
    /// A part is not what was written.
    #[error("damaged at byte {at}: {why}")]
    Damaged {
        /// Where the part begins.
        at: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Another build's node.
    #[error("recorded by {program} of other sources than this program's: replay it with the build that recorded it")]
    Layout {
        /// Which program, with its version.
        program: String,
    },
}

impl<'a> Tape<'a> {
    /// Reads a recording, as far as it can be.
    ///
    /// # Errors
    /// [`TapeError`] when nothing of it can.
    pub fn read(file: &'a [u8]) -> Result<Self, TapeError> {
        Self::read_counting(file, &mut 0)
    }

    /// The same; counts the bytes of which a sum is taken.
    pub(crate) fn read_counting(file: &'a [u8], summed: &mut usize) -> Result<Self, TapeError> {
        let mut rest = file.strip_prefix(MAGIC).ok_or(TapeError::NoRecording)?;
        let (mut pieces, mut cut, mut trouble) = (Vec::new(), 0, None);
        while !rest.is_empty() {
            if let Some(more) = rest.strip_prefix(MAGIC) {
                rest = more;
                continue;
            }
            match split_piece(file, file.len() - rest.len(), summed) {
                // It follows on nothing that is here: that is in another file, or was passed over.
                Ok((Piece::Opening(opening), behind)) if pieces.is_empty() || trouble.is_some() => {
                    pieces.push(Piece::Opening(Opening { follows: false, ..opening }));
                    (trouble, rest) = (None, behind);
                }
                Ok((Piece::Steps(_), _)) if pieces.is_empty() => {
                    return Err(TapeError::Damaged { at: MAGIC.len(), why: "it begins without a node" });
                }
                Ok((piece, behind)) => {
                    pieces.push(piece);
                    rest = behind;
                }
                Err(error) => {
                    let next = find_magic(rest).unwrap_or(rest.len());
                    (cut, trouble) = (cut + next, Some(error));
                    rest = rest.get(next..).unwrap_or_default();
                }
            }
        }
        match trouble {
            Some(error) if pieces.is_empty() => Err(error),
            _ if pieces.is_empty() => Err(TapeError::Empty),
            _ => Ok(Self { pieces, cut }),
        }
    }

    /// Who was recorded, when the recording begins.
    #[must_use]
    pub fn opening(&self) -> Option<&Opening<'a>> {
        self.pieces.iter().find_map(|piece| match piece {
            Piece::Opening(opening) => Some(opening),
            Piece::Steps(_) => None,
        })
    }

    /// How many calls are recorded.
    #[must_use]
    pub fn steps(&self) -> u64 {
        let steps = |piece: &Piece<'_>| match piece {
            Piece::Opening(_) => 0,
            Piece::Steps(steps) => steps.count(),
        };
        self.pieces.iter().map(steps).sum()
    }
}

/// Where an opening may be.
fn find_magic(bytes: &[u8]) -> Option<usize> {
    bytes.windows(MAGIC.len()).position(|window| window == MAGIC)
}

/// The piece of a file that begins at such a place, and what is behind it.
fn split_piece<'a>(file: &'a [u8], at: usize, summed: &mut usize) -> Result<(Piece<'a>, &'a [u8]), TapeError> {
    let bytes = file.get(at..).unwrap_or_default();
    let (head, more) = bytes.split_first_chunk::<HEAD_BYTES>().ok_or(TapeError::Empty)?;
    let [l0, l1, l2, l3, s0, s1, s2, s3] = *head;
    let len = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    let (payload, behind) = more.split_at_checked(len).ok_or(TapeError::Empty)?;
    let damaged = |why| TapeError::Damaged { at, why };
    // Pieces that are damaged may lie in each other: then those that have no other one in them are tried alone.
    if summed.saturating_add(len) > file.len().saturating_mul(SUMMED_TIMES) && find_magic(payload).is_some() {
        return Err(damaged("another part begins in it"));
    }
    *summed = summed.saturating_add(len);
    if short_hash(0, payload) != u32::from_le_bytes([s0, s1, s2, s3]) {
        return Err(damaged("its bytes have changed"));
    }
    let piece = match payload {
        [OPENING, rest @ ..] => {
            let opening: Opening<'_> = postcard::from_bytes(rest).map_err(|_| damaged("no opening can be read"))?;
            if opening.layout != layout() {
                return Err(TapeError::Layout { program: opening.program.into() });
            }
            Piece::Opening(opening)
        }
        [STEPS, rest @ ..] => Piece::Steps(Steps::new(rest).ok_or(damaged("no step can be read"))?),
        _ => return Err(damaged("a part of a kind that is not known")),
    };
    Ok((piece, behind))
}

/// A piece with a node to go on from.
pub(crate) fn write_opening(opening: &Opening<'_>) -> Vec<u8> {
    let mut piece = begin(OPENING);
    // Nothing in it is of a kind that cannot be written.
    piece.extend(postcard::to_allocvec(opening).unwrap_or_default());
    finish(piece)
}

/// The beginning of a piece with steps: they follow, as postcard writes them.
pub(crate) fn begin_steps() -> Vec<u8> {
    begin(STEPS)
}

fn begin(kind: u8) -> Vec<u8> {
    let mut piece = vec![0; HEAD_BYTES];
    piece.push(kind);
    piece
}

/// Whether a piece that was begun has no step yet.
pub(crate) const fn is_empty(piece: &[u8]) -> bool {
    piece.len() <= HEAD_BYTES + 1
}

/// Writes length and sum of a piece that was begun.
pub(crate) fn finish(mut piece: Vec<u8>) -> Vec<u8> {
    let payload = piece.get(HEAD_BYTES..).unwrap_or_default();
    let (len, sum) = (u32::try_from(payload.len()).unwrap_or(u32::MAX), short_hash(0, payload));
    if let Some((head, _)) = piece.split_first_chunk_mut::<HEAD_BYTES>() {
        head[..4].copy_from_slice(&len.to_le_bytes());
        head[4..].copy_from_slice(&sum.to_le_bytes());
    }
    piece
}

/// Half of a hash, which has its other half in it.
pub(crate) fn short_hash(seed: u64, bytes: &[u8]) -> u32 {
    let hash = stable_hash(seed, bytes);
    #[expect(clippy::cast_possible_truncation, reason = "half of the hash is wanted")]
    let half = (hash ^ hash >> 32) as u32;
    half
}
