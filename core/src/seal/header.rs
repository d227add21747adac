//! What stands before a sealed text?
//!
//! ```text
//! magic "qn" · version u8 · flags u8 · cluster u32 le                                    as in every frame
//! key 4 · sender 16 · salt 16 · counter u64 le · blur 4                                  the seal's
//! text: checksum u32 le · section*  (the frame from its ninth byte), or a handshake      sealed
//! tag 16
//! ```
//!
//! All that stands before the text is associated data. Counter and blur are the nonce.

use super::cipher::TAG_BYTES;
use super::error::Refused;
use super::key::{KeyId, Salt};
use crate::vocab::NodeId;
use crate::wire::{FRAME_HEAD_BYTES, MAGIC, frame_head, is_readable};

/// How much longer a datagram is when it is sealed: the header without the eight bytes that every frame has, and the tag.
pub const SEAL_BYTES: usize = HEADER_BYTES - FRAME_HEAD_BYTES + TAG_BYTES;

pub(super) const HEADER_BYTES: usize = FRAME_HEAD_BYTES + 4 + 16 + 16 + 8 + 4;

/// The text is sealed.
const SEALED: u8 = 0x01;
/// The text is two bytes of length and an lz4 block.
pub(super) const COMPRESSED: u8 = 0x02;
/// The text is for the seal of the receiver.
pub(super) const HANDSHAKE: u8 = 0x04;

/// Whose text this is and under which subkey: one salt of one sender and one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Source {
    pub(super) key: KeyId,
    pub(super) sender: NodeId,
    pub(super) salt: Salt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Of whom it is; what is in the text was made for it.
    pub(super) version: u8,
    /// Flags besides that of the seal.
    pub(super) flags: u8,
    pub(super) cluster: u32,
    pub(super) source: Source,
    pub(super) counter: u64,
    pub(super) blur: [u8; 4],
}

impl Header {
    pub(super) fn write(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut rest = &mut bytes[..];
        let mut put = |part: &[u8]| {
            if let Some(place) = rest.split_off_mut(..part.len()) {
                place.copy_from_slice(part);
            }
        };
        let mut head = frame_head(self.version, self.cluster);
        head[3] = SEALED | self.flags;
        put(&head);
        put(&self.source.key.to_bytes());
        put(&self.source.sender.to_bytes());
        put(&self.source.salt);
        put(&self.counter.to_le_bytes());
        put(&self.blur);
        bytes
    }

    /// Reads the header of a sealed datagram of this cluster.
    pub(super) fn read(bytes: &[u8], cluster: u32) -> Result<Self, Refused> {
        let cut = Refused::Truncated;
        let (&[_, _, version, flags, c0, c1, c2, c3], rest) = bytes.split_first_chunk().ok_or(cut)?;
        // A handshake is never compressed.
        let is_known = matches!(flags & !SEALED, 0 | COMPRESSED | HANDSHAKE);
        if !is_readable(version) || !is_known {
            return Err(Refused::Unknown);
        }
        if u32::from_le_bytes([c0, c1, c2, c3]) != cluster {
            return Err(Refused::Cluster);
        }
        let (&key, rest) = rest.split_first_chunk().ok_or(cut)?;
        let (&sender, rest) = rest.split_first_chunk().ok_or(cut)?;
        let (&salt, rest) = rest.split_first_chunk().ok_or(cut)?;
        let (&counter, rest) = rest.split_first_chunk().ok_or(cut)?;
        let (&blur, rest) = rest.split_first_chunk().ok_or(cut)?;
        if rest.len() < TAG_BYTES {
            return Err(cut);
        }
        let source = Source { key: KeyId::from_bytes(key), sender: NodeId::from_bytes(sender), salt };
        Ok(Self { version, flags: flags & !SEALED, cluster, source, counter: u64::from_le_bytes(counter), blur })
    }

    pub(super) fn nonce(&self) -> [u8; 12] {
        let ([a, b, c, d, e, f, g, h], [i, j, k, l]) = (self.counter.to_le_bytes(), self.blur);
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }
}

/// Whether bytes are, or claim to be, a sealed frame.
pub(super) fn is_sealed(bytes: &[u8]) -> bool {
    matches!(bytes, [m0, m1, _, flags, ..] if [*m0, *m1] == MAGIC && flags & SEALED != 0)
}
