//! How do bytes become valid messages, and messages bytes?
//!
//! ```text
//! datagram  magic "qn" · version u8 · flags u8 · cluster u32 le · checksum u32 le · section*
//! section   kind u8 · length LEB128 (at most 3 bytes) · body (postcard)
//! record    length u8 · body (postcard)
//! ```
//!
//! A datagram has one `Sender` section, at most one body (what the datagram asks or answers) and at most
//! one list of each kind: records, heads of maps, changes of maps. Unknown sections are skipped, and unknown bytes at the end of a known section or
//! record are ignored, so that old and new versions meet without a flag day.
//!
//! Invariant: [`Datagram::decode`] returns only what is valid in every part, so that nothing behind it
//! can fail half-way. Decoding is total: any bytes give a value or a [`DecodeError`], never a panic, and
//! it allocates nothing. This room knows neither who is a member nor what a message leads to.

#![deny(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod addresses;
mod ages;
mod body;
mod claim;
mod contents;
mod datagram;
mod error;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod golden_claims;
#[cfg(test)]
mod golden_later;
#[cfg(test)]
mod golden_lifeguard;
#[cfg(test)]
mod golden_state;
mod happening;
mod heads;
mod heartbeats;
mod links;
mod messages;
mod pieces;
mod prefixes;
mod record;
mod spans;
mod writer;

pub(crate) use addresses::{ADDRESSES_BYTES_MAX, Addresses};
pub use addresses::{ADDRESSES_KEY, ADDRESSES_MAX};
pub(crate) use ages::Ages;
pub(crate) use body::{Body, Digest, Letter, Note, Sender, StateDigest, Summary, Wants};
pub(crate) use claim::{Claim, Step};
pub(crate) use contents::{Found, VEIL, find, find_in_happening, find_in_items, veil};
#[cfg(feature = "crypto")]
pub(crate) use datagram::checksum;
pub(crate) use datagram::{Datagram, RecordKind};
pub use datagram::{fit_checksum, probe_decoder};
pub use error::DecodeError;
pub(crate) use happening::Happening;
pub(crate) use heads::{HEAD_BYTES_MAX, HeadGroupWriter, HeadOf, Heads};
pub(crate) use links::{LinkBody, MARKER_BYTES_MAX, Marker, Others};
pub(crate) use messages::{MESSAGE_HEAD_BYTES, MessageReader, message_head};
pub(crate) use pieces::Piece;
pub(crate) use prefixes::{PrefixWriter, Prefixes};
pub(crate) use record::{Records, can_listen};
pub(crate) use spans::{Items, Spans};
pub(crate) use writer::{ACCUSERS_BYTES_MAX, MARK_BYTES, RECORD_BYTES_MAX, Writer};

/// The version of the wire format that this release speaks: a generation in the upper four bits, a revision in the lower.
///
/// Whoever speaks the same generation is understood, of whatever revision: a revision only adds what earlier ones skip,
/// sections, and bytes at the end of a record or of a section that is no list. Another generation is refused.
///
/// A build with `--cfg quidnunc_next_wire` speaks as the next revision may, for tests of clusters of two versions.
pub const WIRE_VERSION: u8 = if cfg!(quidnunc_next_wire) { 2 } else { 1 };

/// The version whose checksums do not show that they cover it.
const FIRST_VERSION: u8 = 1;

/// Whether a frame of this version is understood.
pub(crate) const fn is_readable(version: u8) -> bool {
    version >> 4 == WIRE_VERSION >> 4
}

/// The smallest datagram budget with which the protocol works, in bytes.
pub const DATAGRAM_BYTES_MIN: usize = 512;

/// The largest payload of a UDP datagram over IPv4, in bytes.
pub const DATAGRAM_BYTES_MAX: usize = 65_507;

/// What a datagram with one item of one map takes besides its key and its value.
pub(crate) const ITEM_ROOM_BYTES: usize =
    FRAME_BYTES + SENDER_BYTES_MAX + LIST_HEAD_BYTES + spans::SPAN_HEAD_BYTES_MAX + spans::ITEM_HEAD_BYTES_MAX;
/// No answer to "how far has your copy of my map come" is longer; the question is at least a third of it.
pub(crate) const CONFIRM_ANSWER_BYTES_MAX: usize =
    FRAME_BYTES + SENDER_BYTES_MAX + LIST_HEAD_BYTES + size_of::<crate::vocab::Cookie>() + HEAD_BYTES_MAX;
/// What a message with a letter takes besides what is in the letter.
pub(crate) const LETTER_ROOM_BYTES: usize =
    FRAME_BYTES + SENDER_BYTES_MAX + LIST_HEAD_BYTES + body::LETTER_HEAD_BYTES_MAX;
/// What a datagram with a note takes besides what is in the note.
pub(crate) const NOTE_ROOM_BYTES: usize = FRAME_BYTES + SENDER_BYTES_MAX + LIST_HEAD_BYTES + body::NOTE_HEAD_BYTES_MAX;
const SENDER_BYTES_MAX: usize = 2 + 16 + 10 + 5 + 8 + 8;
const LIST_HEAD_BYTES: usize = 4;

/// What comes before the ages of voters: the head of their section, a sum and a name.
pub(crate) const AGES_HEAD_BYTES: usize = LIST_HEAD_BYTES + ages::HEAD_BYTES;

/// The head of a frame over a link: its section, the name, three numbers, four marks and a count.
pub(crate) const LINK_FRAME_BYTES_MAX: usize = LIST_HEAD_BYTES + 1 + 8 + 3 * 5 + 5;

/// What a datagram with one info takes besides its key and its value.
pub(crate) const INFO_ROOM_BYTES: usize =
    FRAME_BYTES + SENDER_BYTES_MAX + LINK_FRAME_BYTES_MAX + LIST_HEAD_BYTES + pieces::PIECE_BYTES_MAX;

pub(crate) const MAGIC: [u8; 2] = *b"qn";
const FRAME_BYTES: usize = FRAME_HEAD_BYTES + 4;

/// What a frame has before its checksum.
pub(crate) const FRAME_HEAD_BYTES: usize = 8;

/// Magic, a version, no flags, and the tag of the cluster.
pub(crate) const fn frame_head(version: u8, cluster: u32) -> [u8; FRAME_HEAD_BYTES] {
    let ([c0, c1, c2, c3], [m0, m1]) = (cluster.to_le_bytes(), MAGIC);
    [m0, m1, version, 0, c0, c1, c2, c3]
}

/// Section kinds. Numbers are for ever: a retired one is never used again.
mod kind {
    pub(super) const PADDING: u8 = 0x00;
    pub(super) const SENDER: u8 = 0x01;
    pub(super) const PING: u8 = 0x10;
    pub(super) const ACK: u8 = 0x11;
    pub(super) const PING_REQUEST: u8 = 0x12;
    pub(super) const RELAYED: u8 = 0x13;
    pub(super) const NACK: u8 = 0x14;
    pub(super) const JOIN: u8 = 0x20;
    pub(super) const CHALLENGE: u8 = 0x21;
    pub(super) const WELCOME: u8 = 0x22;
    pub(super) const CLAIM: u8 = 0x23;
    pub(super) const LINK: u8 = 0x24;
    pub(super) const LETTER: u8 = 0x25;
    pub(super) const NOTE: u8 = 0x26;
    pub(super) const SUMMARY: u8 = 0x30;
    pub(super) const DIGEST: u8 = 0x31;
    pub(super) const WANTS: u8 = 0x32;
    pub(super) const STATE_SUMMARY: u8 = 0x33;
    pub(super) const STATE_DIGEST: u8 = 0x34;
    pub(super) const RUMOURS: u8 = 0x40;
    pub(super) const BULK: u8 = 0x41;
    pub(super) const HEADS: u8 = 0x42;
    pub(super) const ASKS: u8 = 0x43;
    pub(super) const CHANGES: u8 = 0x44;
    pub(super) const MORE: u8 = 0x45;
    pub(super) const CONFIRM: u8 = 0x46;
    pub(super) const RATES: u8 = 0x47;
    pub(super) const SHARE: u8 = 0x48;
    pub(super) const HEARTBEATS: u8 = 0x49;
    pub(super) const PIECES: u8 = 0x4a;
    pub(super) const AGES: u8 = 0x4b;
    pub(super) const ASKED_AT: u8 = 0x4c;
    /// Stands for whatever a later revision adds, and is never given to anything.
    pub(super) const NEXT: u8 = 0x7f;
}
